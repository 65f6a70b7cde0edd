#!/usr/bin/env python3
"""Independent check of the state machines in sql/machine.

    check.py FOLDER [ROWS]

Plain Python 3, no dependencies. Reads states.csv, clocks.csv and the CSV of
each machine from FOLDER, prints counts and then 'ok', or one line per fault
and exits 1. ROWS is what build.pl --rows printed: it expands the short forms
in its own way, and both must come to the same rows.
"""
import csv
import os
import re
import sys
from collections import defaultdict

MACHINES = "message inquiry complaint negative praise work_order erasure topic opinion request post placement correction follow report task".split()
TICKETS = {"inquiry", "complaint", "negative", "praise"}
KINDS = "inquiry complaint negative praise".split()   # rows of machine 'ticket' serve each of them
ROLES = set("operator reviewer department leader admin hotline clock platform".split())
LEVEL_ROLES = set("operator reviewer department department_leader shift_leader "
                  "province_cs group_cs hotline admin".split())
STARTS_FROM = {"posted_at", "event_time", "notice_time"}
CALENDARS = {"wall", "shift", "calendar_days"}
SPEAKS = {"", "public", "private", "both"}
# The only ways out of a final state.
FINAL_EXITS = {("message", "ticketed", "ask_removal"),
               ("message", "attached", "ask_removal"),
               ("message", "ticketed", "remove"),
               ("message", "attached", "remove"),
               ("message", "attached", "detach"),
               ("message", "dismissed", "reconsider"),
               ("message", "ticketed", "complete"),
               ("message", "attached", "complete"),
               ("message", "opinion", "complete"),
               ("message", "tasked", "complete"),
               ("message", "dismissed", "complete"),
               ("work_order", "closed", "reopen"),
               ("report", "accepted", "restate")}
# What holds personal text must let it be erased in every state, final or not.
ERASE = "erase"
ERASED = "message inquiry complaint negative praise work_order opinion task".split()
# What these machines carry of the rulebook's sections 4.4 and 4.5 must be cited
# row by row; R102 is the missing annex, R117 an analysis.
MUST_CITE = ({81, 82} | set(range(85, 138))) - {102, 117}
EIGHT_STAGES = "created reviewed dispatched judging handling returned result_reviewed closed".split()
HEADS = {
    "states.csv": "machine,state,is_initial,is_final,label_zh,label_en",
    "MACHINE.csv": "machine,from_state,event,seq,guard,to_state,roles,requires,"
                       "speaks,clocks,effect,rulebook,note",
    "clocks.csv": "clock,starts_from,target,calendar,levels,target_fact,kept_by,rulebook,note",
}
NAME = re.compile(r"^[a-z][a-z0-9_]*$")
LEVEL = re.compile(r"^due(?:([+-])(\d+)([mhd]))?(?::([a-z_]+))?(?:!([a-z_]+))?$")
TARGET = re.compile(r"^(\d+ (min|h|d)|[a-z][a-z0-9_]*)$")

faults = []


def fault(*words):
    faults.append(" ".join(str(w) for w in words))


def load(folder, name, kind=None):
    """The rows of a file; kind is its name in HEADS where that differs."""
    path = os.path.join(folder, name)
    with open(path, "rb") as f:
        raw = f.read()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as e:
        fault(name, "is not UTF-8:", e)
        return []
    if raw.startswith(b"\xef\xbb\xbf"):
        fault(name, "starts with a byte order mark")
    rows = list(csv.reader(text.splitlines(), strict=True))
    head = HEADS[kind or name].split(",")
    if rows[0] != head:
        fault(name, "has another header")
        return []
    out = []
    for i, r in enumerate(rows[1:], 2):
        if len(r) != len(head):
            fault(name, "line", i, "has", len(r), "fields")
            continue
        for h, v in zip(head, r):
            if v != v.strip() or "  " in v:
                fault(name, "line", i, h, "has stray spaces")
        d = dict(zip(head, r))
        d["line"] = i
        d["file"] = name
        out.append(d)
    return out


def place(d):
    return "%s line %d" % (d["file"], d["line"])


def words(d, column, what):
    """The names in a space separated field, checked for form and repetition."""
    out = d[column].split()
    for w in out:
        if not NAME.match(w):
            fault(place(d), column, w, "is no", what)
    if len(out) != len(set(out)):
        fault(place(d), column, "repeats a", what)
    return out


def rulebook(d, where, cited):
    if d["rulebook"] == "house":
        return
    tokens = d["rulebook"].split()
    if not tokens:
        fault(where, "cites nothing")
    for w in tokens:
        m = re.match(r"^R(\d{1,3})$", w)
        if not m or not 1 <= int(m.group(1)) <= 137:
            fault(where, "cites", w)
        else:
            cited.add(int(m.group(1)))


def target(machine, frm, to):
    """(machine, state) a row leads to."""
    if to == "=":
        return machine, frm
    if ":" in to:
        return tuple(to.split(":", 1))
    return machine, to


def clock_ops(d):
    ops = []
    for w in d["clocks"].split():
        if w.count(":") != 1 or w.split(":")[0] not in ("start", "stop", "pause"):
            fault(place(d), "clock action", w)
            continue
        ops.append(tuple(w.split(":")))
    return ops


def unfold(states, rows):
    """Rows of 'ticket' copied to each kind that has the state and no own row
    for the event; '<' (the state before the undelivered speech) spelled out."""
    own = {(r["machine"], r["from_state"], r["event"]) for r in rows}
    flat = []
    for r in rows:
        if r["machine"] != "ticket":
            flat.append(r)
            continue
        for kind in KINDS:
            if (r["from_state"] == "*open" or r["from_state"] in states[kind]) \
                    and (kind, r["from_state"], r["event"]) not in own:
                flat.append(dict(r, machine=kind))
    spoke = {(r["machine"], target(r["machine"], r["from_state"], r["to_state"])[1], r["from_state"]): None
             for r in flat if r["speaks"] and r["from_state"] not in ("*new", "*open")
             and r["to_state"] != r["from_state"]}
    out, shift = [], {}
    for r in flat:
        key = (r["machine"], r["from_state"])
        if r["to_state"] == "<":
            if r["event"] != "delivery_failed" or r["guard"] != "nothing_since":
                fault(place(r), "'<' belongs to delivery_failed under nothing_since")
            origins = [o for m, goal, o in spoke if (m, goal) == key]
            if not origins:
                fault(place(r), "nothing speaks into", *key)
            for n, o in enumerate(origins, 1):
                out.append(dict(r, seq=str(n), guard="spoke_from_" + o, to_state=o))
            shift[key] = len(origins) - 1
        else:
            if r["event"] == "delivery_failed":
                r = dict(r, seq=str(int(r["seq"]) + shift.get(key, 0)))
            out.append(r)
    return sorted(out, key=lambda r: (MACHINES.index(r["machine"]) if r["machine"] in MACHINES else -1))


def expand(states, rows):
    """Rows with '*open' expanded, as an install script would."""
    own = {(r["machine"], r["from_state"], r["event"]) for r in rows}
    out = []
    for r in rows:
        m = r["machine"]
        if r["from_state"] != "*open":
            out.append((m, r["from_state"], r))
            continue
        hit = False
        for s, d in states[m].items():
            if d["is_final"] == "f" and (m, s, r["event"]) not in own:
                out.append((m, s, r))
                hit = True
        if not hit:
            fault(place(r), "*open", r["event"], "expands to nothing")
    return out


def compare(path, rows):
    """Whether build.pl's rows are ours, in any order of the states."""
    with open(path, encoding="utf-8") as f:
        theirs = [tuple(line.rstrip("\n").split("\t")) for line in f]
    ours = []
    for m, s, r in rows:
        guard, arg = r["guard"], ""
        if guard.startswith("spoke_from_"):
            guard, arg = "spoke_from", guard[len("spoke_from_"):]
        ours.append((m, s, r["event"], r["seq"], guard, arg) + tuple(target(m, s, r["to_state"]))
                    + tuple(r[c] for c in ("roles", "requires", "speaks", "clocks", "effect",
                                           "rulebook", "note")))
    if len(set(theirs)) != len(theirs):
        fault("build.pl repeats a row")
    for row in sorted(set(theirs) - set(ours)):
        fault("only build.pl has", *row)
    for row in sorted(set(ours) - set(theirs)):
        fault("build.pl lacks", *row)


def fixpoint(rows, may):
    """Clocks that may run (may) or surely run (not may) in each state."""
    run = {}
    changed = True
    while changed:
        changed = False
        for m, s, r in rows:
            if s == "*new":
                cur = frozenset()
            elif (m, s) in run:
                cur = run[(m, s)]
            else:
                continue
            goal = target(m, s, r["to_state"])
            if r["guard"].startswith("spoke_from_"):
                continue                      # back to what was running before
            now = set(cur)
            for op, c in clock_ops(r):
                if op == "start":
                    now.add(c)
                elif op == "stop" or op == "pause" and not may:
                    now.discard(c)
            if goal not in run:
                new = frozenset(now)
            elif may:
                new = run[goal] | now
            else:
                new = run[goal] & now
            if run.get(goal) != new:
                run[goal] = frozenset(new)
                changed = True
    return run


def main(folder, built=None):
    srows = load(folder, "states.csv")
    crows = load(folder, "clocks.csv")
    trows = []
    for m in ["ticket"] + MACHINES:
        for d in load(folder, m + ".csv", "MACHINE.csv"):
            if d["machine"] != m:
                fault(place(d), "belongs to", d["machine"])
            trows.append(d)
    for name in os.listdir(folder):
        if name.endswith(".csv") and name[:-4] not in ["ticket", "states", "clocks"] + MACHINES:
            fault(name, "is read by nobody")

    # States
    states = defaultdict(dict)
    for d in srows:
        m, s = d["machine"], d["state"]
        if m not in MACHINES:
            fault("unknown machine", m)
        if not NAME.match(s):
            fault("states.csv line", d["line"], "name", s)
        if s in states[m]:
            fault(m, s, "is there twice")
        if d["is_initial"] not in ("t", "f") or d["is_final"] not in ("t", "f"):
            fault(m, s, "flags are t or f")
        if not d["label_zh"] or not d["label_en"]:
            fault(m, s, "lacks a label")
        states[m][s] = d
    initial = {}
    for m in MACHINES:
        if m not in states:
            fault("no states for", m)
        first = [s for s, d in states[m].items() if d["is_initial"] == "t"]
        if len(first) != 1:
            fault(m, "has", len(first), "initial states")
        else:
            initial[m] = first[0]
        for label in ("label_zh", "label_en"):
            seen = [d[label] for d in states[m].values()]
            if len(seen) != len(set(seen)):
                fault(m, "repeats a", label)

    # Clocks
    cited = set()
    clocks, fires = {}, defaultdict(set)
    for d in crows:
        c = d["clock"]
        if not NAME.match(c) or c in clocks:
            fault("clock", c, "is misnamed or there twice")
        clocks[c] = d
        if d["starts_from"] not in STARTS_FROM:
            fault("clock", c, "starts_from", d["starts_from"])
        if d["calendar"] not in CALENDARS:
            fault("clock", c, "calendar", d["calendar"])
        if not TARGET.match(d["target"]):
            fault("clock", c, "target", d["target"])
        rulebook(d, "clock " + c, cited)
        last = None
        for w in d["levels"].split():
            g = LEVEL.match(w)
            if not g or not (g.group(4) or g.group(5)):
                fault("clock", c, "level", w)
                continue
            if g.group(4) and g.group(4) not in LEVEL_ROLES:
                fault("clock", c, "level role", g.group(4))
            if g.group(5):
                fires[c].add(g.group(5))
            at = int(g.group(2) or 0) * {"m": 1, "h": 60, "d": 1440}[g.group(3) or "m"]
            at = -at if g.group(1) == "-" else at
            if last is not None and at < last:
                fault("clock", c, "levels are out of order")
            last = at
        if last is None:
            fault("clock", c, "has no level")

    # Rows
    written = len(trows)
    trows = unfold(states, trows)
    groups = defaultdict(list)
    effects, guards, facts, used = set(), set(), set(), set()
    for d in trows:
        m, f = d["machine"], d["from_state"]
        where = "%s (%s %s %s)" % (place(d), m, f, d["event"])
        if m not in MACHINES:
            fault(where, "unknown machine")
            continue
        if f not in ("*new", "*open") and f not in states[m]:
            fault(where, "unknown from_state")
        if not NAME.match(d["event"]):
            fault(where, "event name")
        if d["guard"] and not NAME.match(d["guard"]):
            fault(where, "guard name")
        if d["effect"] and not NAME.match(d["effect"]):
            fault(where, "effect name")
        if d["event"] == "delivered":
            fault(where, "delivered is no transition")
        if d["to_state"] == "=" and f != "*open":
            fault(where, "'=' belongs to *open rows")
        tm, ts = target(m, f, d["to_state"])
        if d["to_state"] != "=":
            if ts not in states.get(tm, {}):
                fault(where, "unknown to_state", d["to_state"])
            if ":" in d["to_state"] and not (d["event"] == "reclassify" and m != tm
                                             and m in TICKETS and tm in TICKETS):
                fault(where, "only reclassify may change machine, within the ticket kinds")
        if f == "*new" and ts != initial.get(m):
            fault(where, "creation must lead to the initial state")
        if d["event"] == "reclassify" and ":" not in d["to_state"]:
            fault(where, "reclassify must name the machine")
        roles = words(d, "roles", "role")
        if not roles:
            fault(where, "has no role")
        for r in roles:
            if r not in ROLES:
                fault(where, "unknown role", r)
        facts.update(words(d, "requires", "fact"))
        if d["speaks"] not in SPEAKS:
            fault(where, "speaks", d["speaks"])
        for op, c in clock_ops(d):
            used.add((op, c))
            if c not in clocks:
                fault(where, "unknown clock", c)
        rulebook(d, where, cited)
        if d["effect"]:
            effects.add(d["effect"])
        if d["guard"]:
            guards.add(d["guard"])
        groups[(m, f, d["event"])].append(d)

    # Groups: seq 1..n in file order, guards, refusal said where meant
    for key, rows in groups.items():
        if [r["seq"] for r in rows] != [str(i) for i in range(1, len(rows) + 1)]:
            fault(key, "seq does not run from 1 in file order")
        lines = list(dict.fromkeys(r["line"] for r in rows))
        if lines != list(range(lines[0], lines[0] + len(lines))):
            fault(key, "rows do not stand together")
        named = [r["guard"] for r in rows]
        if len(named) != len(set(named)):
            fault(key, "repeats a guard")
        for r in rows[:-1]:
            if not r["guard"]:
                fault(key, "an unguarded row hides those after it")
        if rows[-1]["guard"] and "refusal" not in rows[-1]["note"]:
            fault(key, "last row is guarded and its note names no refusal")
        if not rows[-1]["guard"] and "refusal" in rows[-1]["note"]:
            fault(key, "note names a refusal, but the last row is unguarded")
    for m in MACHINES:
        if not any(k[0] == m and k[1] == "*new" for k in groups):
            fault(m, "has no creation row")

    # What keeps a promise stops its clock somewhere
    stops = {(c, d["event"]) for d in trows for op, c in clock_ops(d) if op == "stop"}
    for c, d in clocks.items():
        for e in words(d, "kept_by", "event"):
            if (c, e) not in stops:
                fault("clock", c, "is kept by", e, "which stops it nowhere")

    # Clocks are used, and those started are stopped or the object ends
    for c, d in clocks.items():
        if ("start", c) not in used and not d["note"].startswith("outside:"):
            fault("clock", c, "is started by no row (note 'outside:' if meant)")
        if ("start", c) in used and ("stop", c) not in used:
            fault("clock", c, "is never stopped")
        if ("pause", c) in used and ("start", c) not in used:
            fault("clock", c, "is paused and never started")

    rows = expand(states, trows)
    if built:
        compare(built, rows)

    # Reachability, exits, ends (the four kinds count as one graph for coming in,
    # but each kind must be reachable from its own initial state)
    out, final_reach = defaultdict(set), set()
    exits = defaultdict(set)
    for m, s, r in rows:
        if s == "*new":
            continue
        goal = target(m, s, r["to_state"])
        out[(m, s)].add(goal)
        if goal != (m, s):
            exits[(m, s)].add(r["event"])
        if r["event"] == ERASE and m in ERASED:
            if goal != (m, s) or r["clocks"] or r["speaks"]:
                fault(m, s, "erasing must leave the state, the clocks and the customer alone")
        elif states[m].get(s, {}).get("is_final") == "t" and (m, s, r["event"]) not in FINAL_EXITS:
            fault(m, s, "is final but has", r["event"])
    have = {(m, s) for m, s, r in rows if r["event"] == ERASE}
    for m in ERASED:
        for s in states[m]:
            if (m, s) not in have:
                fault(m, s, "can't be erased")
    for m, s, e in FINAL_EXITS:
        if (m, s, e) not in groups:
            fault("allowed exit", m, s, e, "has no row")
        elif states[m][s]["is_final"] != "t":
            fault("allowed exit", m, s, e, "leaves a state that is not final")
    for m in MACHINES:
        seen, todo = set(), [(m, initial.get(m))]
        while todo:
            n = todo.pop()
            if n not in seen and n[0] == m:
                seen.add(n)
                todo.extend(out[n])
        for s, d in states[m].items():
            if (m, s) not in seen:
                fault(m, s, "is not reachable")
            if d["is_final"] == "f" and not exits[(m, s)]:
                fault(m, s, "has no exit")
    back = defaultdict(set)
    for a, bs in out.items():
        for b in bs:
            back[b].add(a)
    todo = [(m, s) for m in states for s, d in states[m].items() if d["is_final"] == "t"]
    while todo:
        n = todo.pop()
        if n not in final_reach:
            final_reach.add(n)
            todo.extend(back[n])
    for m in states:
        for s in states[m]:
            if (m, s) not in final_reach:
                fault(m, s, "can never come to an end")

    # What a clock fires must be legal, for the role clock, wherever it may run
    may = fixpoint(rows, True)
    legal = defaultdict(set)
    for m, s, r in rows:
        if "clock" in r["roles"].split():
            legal[(m, s)].add(r["event"])
    for (m, s), running in sorted(may.items()):
        if states[m][s]["is_final"] == "t":
            continue                          # a final state stops every clock
        for c in sorted(running):
            for e in fires.get(c, ()):
                if e not in legal[(m, s)]:
                    fault(m, s, "clock", c, "may fire", e, "where it is not legal")
    for (m, s, e), group in groups.items():
        only = all(r["roles"].split() == ["clock"] for r in group)
        if only and s not in ("*new", "*open"):
            if not any(e in fires[c] for c in may.get((m, s), ())):
                fault(m, s, e, "is for a clock alone, but no clock fires it there")
    # A clock that a row stops may run there
    for m, s, r in rows:
        if r["from_state"] in ("*new", "*open"):
            continue
        ops = clock_ops(r)
        for i, (op, c) in enumerate(ops):
            if op in ("stop", "pause") and c not in may.get((m, s), ()):
                fault(place(r), op, c, "but it can't run in", m, s)

    # Speaking and failed delivery go together on the ticket kinds
    spoke = {(m, s, target(m, s, r["to_state"])) for m, s, r in rows
             if r["speaks"] and m in TICKETS and target(m, s, r["to_state"]) != (m, s)}
    for m, s, goal in sorted(spoke):
        if not any(r["guard"] == "spoke_from_" + s and r["to_state"] == s
                   for r in groups.get((m, goal[1], "delivery_failed"), ())):
            fault(m, goal[1], "has no delivery_failed back to", s)
    for (m, s, e), group in groups.items():
        for r in group:
            if r["guard"].startswith("spoke_from_"):
                back_to = r["guard"][len("spoke_from_"):]
                if e != "delivery_failed" or r["to_state"] != back_to:
                    fault(place(r), "spoke_from_ guards belong to delivery_failed")
                elif (m, back_to, (m, s)) not in spoke:
                    fault(m, s, "nothing speaks from", back_to)

    # The rulebook's eight stages, in order, and its text row by row
    for a, b in zip(EIGHT_STAGES, EIGHT_STAGES[1:]):
        if ("work_order", b) not in out[("work_order", a)]:
            fault("work_order stage", a, "does not lead to", b)
    for n in sorted(MUST_CITE - cited):
        fault("R%d is cited nowhere" % n)

    # Report
    per = defaultdict(lambda: [0, 0, 0])
    for d in srows:
        per[d["machine"]][0] += 1
    for d in trows:
        per[d["machine"]][1] += 1
    for m, s, r in rows:
        per[m][2] += 1
    print("%-12s %6s %6s %8s" % ("machine", "states", "rows", "expanded"))
    for m in MACHINES:
        print("%-12s %6d %6d %8d" % ((m,) + tuple(per[m])))
    print("%-12s %6d %6d %8d" % ("all", len(srows), len(trows), len(rows)))
    print("%d rows as written" % written)
    print("%d clocks, %d guards, %d effects, %d facts, %d of 137 R cited"
          % (len(clocks), len(guards), len(effects), len(facts), len(cited)))
    sure = fixpoint(rows, False)
    bare = ["%s:%s" % (m, s) for m in MACHINES for s, d in states[m].items()
            if d["is_final"] == "f" and not sure.get((m, s))]
    print("states where no clock is sure to run: " + (" ".join(bare) or "none"))
    for f in faults:
        print("fault: " + f)
    if faults:
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: check.py FOLDER [ROWS]")
    sys.exit(main(*sys.argv[1:]))
