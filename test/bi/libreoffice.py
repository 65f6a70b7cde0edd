"""libreoffice.py: what an analyst does with LibreOffice, without the mouse.

    libreoffice.py ROOT WORK URL LOGIN RELATION...

ROOT is where LibreOffice was unpacked.  A data source for URL and LOGIN is made and stored as
WORK/desk.odb; each relation is imported into a sheet of its own of WORK/desk.ods.  Printed
is JSON: the driver, the relations of kefu_bi and kefu_bi_zh that Base offers, and the
sheets as they stand in the stored file, each cell as its type and value, null where empty.
"""

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
import zipfile

import uno
from com.sun.star.beans import PropertyValue

START_SECONDS = 150
STOP_SECONDS = 30
RESTART = 81    # what a first start with a new profile asks for


def properties(**values):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


class Office:
    """A LibreOffice of its own, gone at the end however that comes."""

    def __init__(self, root, work):
        self.pipe = 'kefu%d' % os.getpid()
        self.command = [
            root + '/usr/lib/libreoffice/program/soffice.bin', '--headless', '--norestore',
            '--nologo', '--nodefault', '--accept=pipe,name=%s;urp' % self.pipe,
            '-env:UserInstallation=file://%s/profile' % work]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=sys.stderr)
        try:
            return self.connect()
        except BaseException:
            self.process.kill()
            raise

    def connect(self):
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext(
            'com.sun.star.bridge.UnoUrlResolver', local)
        url = 'uno:pipe,name=%s;urp;StarOffice.ComponentContext' % self.pipe
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                return resolver.resolve(url)
            except Exception:
                status = self.process.poll()
                if status == RESTART:
                    self.process = subprocess.Popen(self.command, stdout=sys.stderr)
                elif status is not None:
                    raise SystemExit('LibreOffice ended with status %s' % status)
                time.sleep(0.1)
        raise SystemExit('LibreOffice does not answer')

    def __exit__(self, exception, *more):
        try:
            self.process.wait(0 if exception else STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()


def read(context, work, url, login, relations):
    make = lambda name: context.ServiceManager.createInstanceWithContext(name, context)
    databases = make('com.sun.star.sdb.DatabaseContext')
    source = databases.createInstance()
    source.URL = url
    source.User = login
    source.DatabaseDocument.storeAsURL('file://%s/desk.odb' % work, ())
    databases.registerObject('desk', source)
    connection = source.getConnection(login, '')
    about = connection.getMetaData()
    offered = [name for name in connection.getTables().getElementNames()
               if name.startswith(('kefu_bi.', 'kefu_bi_zh.'))]
    connection.close()

    desktop = make('com.sun.star.frame.Desktop')
    document = desktop.loadComponentFromURL('private:factory/scalc', '_blank', 0, properties(Hidden=True))
    table = uno.Enum('com.sun.star.sheet.DataImportMode', 'TABLE')
    for number, relation in enumerate(relations):
        document.Sheets.insertNewByName(relation.replace('.', ' '), number)
        document.Sheets.getByIndex(number).getCellRangeByName('A1').doImport(
            properties(DatabaseName='desk', SourceType=table, SourceObject=relation))
    document.storeToURL('file://%s/desk.ods' % work, properties(FilterName='calc8'))
    document.close(True)
    desktop.terminate()
    return {'product': about.getDatabaseProductName(), 'driver': about.getDriverName(), 'offered': offered}


TABLE = '{urn:oasis:names:tc:opendocument:xmlns:table:1.0}'
OFFICE = '{urn:oasis:names:tc:opendocument:xmlns:office:1.0}'
TEXT = '{urn:oasis:names:tc:opendocument:xmlns:text:1.0}'


def cells(row):
    found = []
    for cell in row:
        kind = cell.get(OFFICE + 'value-type')
        value = cell.get(OFFICE + 'value') or cell.get(OFFICE + 'date-value') or cell.get(OFFICE + 'boolean-value')
        if kind == 'string':
            value = '\n'.join(''.join(line.itertext()) for line in cell.iter(TEXT + 'p'))
        found += [[kind, value] if kind else None] * int(cell.get(TABLE + 'number-columns-repeated', 1))
    while found and found[-1] is None:
        found.pop()
    return found


def sheets(path):
    content = xml.fromstring(zipfile.ZipFile(path).read('content.xml'))
    read = {}
    for table in content.iter(TABLE + 'table'):
        rows = []
        for row in table.iter(TABLE + 'table-row'):
            found = cells(row)
            if found:
                rows += [found] * int(row.get(TABLE + 'number-rows-repeated', 1))
        read[table.get(TABLE + 'name')] = rows
    return read


def main(root, work, url, login, *relations):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('stopped'))
    with Office(root, work) as context:
        answer = read(context, work, url, login, relations)
    answer['sheets'] = sheets(work + '/desk.ods')
    json.dump(answer, sys.stdout)


main(*sys.argv[1:])
