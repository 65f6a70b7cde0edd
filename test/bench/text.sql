-- text: what customers write, the same words on every machine.
--
-- bench.said(n) is the text of message n and the category a person would give
-- it.  Forty of a hundred messages in a row tell of two incidents, each by
-- twenty customers in their own words; the others tell of what happened to them
-- alone.  Nothing is random: every choice is a hash of the message or, for what
-- the incident is about and where, of the incident.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;

CREATE FUNCTION bench.pick(seed bigint, nth integer, VARIADIC choices text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN choices[1 + abs(hashint8extended(seed, nth) % cardinality(choices))];

CREATE TABLE bench.matter (matter integer PRIMARY KEY, category text NOT NULL, text text NOT NULL);
INSERT INTO bench.matter (category, text, matter)
SELECT m.category, m.text, row_number() OVER () - 1
  FROM (VALUES
    ('broadband.fault', '{place}宽带断网{n}天了'), ('broadband.fault', '{place}光纤一直连不上,光猫亮红灯'),
    ('broadband.fault', '{place}的宽带每到晚上就掉线'), ('broadband.fault', '{place}整栋楼都断网'),
    ('broadband.fault', '{place}施工挖断光缆,宽带到现在没有恢复'), ('broadband.speed', '{place}百兆宽带测速只有{n}M'),
    ('broadband.speed', '{place}晚高峰网速慢得网页都打不开'), ('broadband.install', '{place}宽带移机申请{n}天了没有人来装'),
    ('broadband.install', '{place}新装光纤说没有端口,交了钱不给装'), ('broadband.iptv', '{place}电视画面卡顿马赛克,机顶盒换了也没用'),
    ('signal.none', '{place}手机一格信号都没有'), ('signal.none', '{place}地下车库和电梯里都没信号'),
    ('signal.voice', '{place}通话断断续续,对方听不清'), ('signal.data', '{place}满格信号但是上网转圈打不开'),
    ('signal.roaming', '出差到{place}漫游以后上不了网'), ('fee.vas', '从来没开通彩铃,每月被扣{n}元'),
    ('fee.vas', '老人手机莫名其妙多了增值业务,收费{n}元'), ('fee.vas', '没订过手机报,账单里却有信息费{n}元'),
    ('fee.overcharge', '{place}营业厅多扣我{n}元套餐费'), ('fee.overcharge', '停机保号期间还在乱扣费,扣了{n}元'),
    ('fee.bill', '账单和实际用量对不上,多出{n}元说不清'), ('fee.data', '无限流量套餐用到{n}G就被限速'),
    ('fee.data', '流量没用完就显示超出,收了{n}元流量费'), ('fee.refund', '宽带退订以后押金{n}元一直不退'),
    ('business.change', '合约期不能换套餐,老用户不能办新优惠'), ('business.change', '套餐变更必须回{place}的归属地办理'),
    ('business.unsubscribe', '退订业务要跑{place}营业厅,网上不给取消'), ('business.close', '异地销户办不了,要我回{place}'),
    ('business.port', '想携号转网,说有合约不给转'), ('business.port', '携号转网的授权码发了{n}次都说无效'),
    ('business.minimum', '靓号最低消费{n}元,当时根本没告知'), ('business.contract', '合约机提前解约要赔{n}元违约金'),
    ('service.attitude', '{place}营业厅营业员态度很差,爱理不理'), ('service.attitude', '10000号客服态度恶劣,说到一半挂电话'),
    ('service.late', '装机师傅约了{n}次都没有上门'), ('service.late', '{place}报修{n}天了,维修师傅电话都没打一个'),
    ('service.hotline', '打10000等了{n}分钟没人接'), ('service.hotline', '人工客服永远繁忙,转来转去又回到菜单'),
    ('fee.bill', '积分突然被清零,问了{n}次没有说法'), ('business.change', '网厅办理的套餐{n}天了还没有生效')
    ) AS m(category, text);

CREATE FUNCTION bench.place(seed bigint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN bench.pick(seed, 11, '广州', '深圳', '佛山', '东莞', '珠海', '中山', '惠州', '汕头', '湛江', '江门', '肇庆', '茂名', '梅州',
                  '清远', '韶关', '河源', '潮州', '揭阳', '云浮', '阳江', '汕尾')
    || bench.pick(seed, 12, '新华', '东湖', '城西', '河滨', '解放', '工业', '大学', '北苑', '南山', '石桥', '龙岗', '白云', '天河',
                  '松柏', '莲塘', '沙河', '大坪', '祥云', '和平', '青年')
    || bench.pick(seed, 13, '路', '街道', '镇', '大道', '新村', '开发区')
    || bench.pick(seed, 14, '阳光花园', '金色家园', '翠竹苑', '锦绣华庭', '御景湾', '书香门第', '幸福里', '丽景大厦', '香樟雅苑',
                  '滨江一号', '紫荆公馆', '明珠广场', '梧桐小区', '水岸新城', '学府名苑', '枫林绿洲', '和谐家苑', '星河湾', '', '');

-- Two incidents of twenty in every hundred; below zero, as no message is.
CREATE FUNCTION bench.incident_of(n bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN n % 5 < 2 THEN -1 - 2 * (n / 100) - n % 5 ELSE n END;

CREATE FUNCTION bench.said(n bigint, OUT text text, OUT category text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    incident bigint := bench.incident_of(n);
    m bench.matter;
BEGIN
    SELECT x.* INTO m FROM bench.matter x WHERE x.matter = abs(hashint8extended(incident, 1) % 40);
    category := m.category;
    text := bench.pick(n, 2, '@广东客服 ', '@广东客服 ', '#电信服务# ', '', '请问', '投诉:', '郁闷,', '有人管吗?', '大家评评理,', '转发//@路人甲: ')
        || replace(replace(m.text, '{place}', bench.place(incident)), '{n}',
                   (2 + abs(hashint8extended(n, 3) % 60))::text)
        || bench.pick(n, 4, ',', '!', '。', ',,', ' ')
        || bench.pick(n, 5, '周一', '周二', '周三', '周四', '周五', '周末', '昨天', '前天', '上个月', '上周', '今天', '月初', '国庆')
        || bench.pick(n, 6, '早上', '中午', '下午', '晚上', '半夜', '一大早', '下班后', '刚才')
        || bench.pick(n, 7, '我', '我爸', '我妈', '老婆', '房东', '邻居', '同事', '室友', '我们店里', '公司行政', '儿子', '奶奶', '物业', '表哥')
        || bench.pick(n, 8, '打10000', '去营业厅', '在网厅', '加微信', '找装维师傅', '打服务热线', '给客户经理留言', '在公众号里', '跑到代理点', '上门')
        || bench.pick(n, 9, '反映', '投诉', '问过', '催', '申请', '登记', '解释', '理论', '核对', '要说法')
        || bench.pick(n, 10, ',都是敷衍', ',说让等通知', ',几个部门互相推', ',连单号都没给', ',结果没有任何下文', ',答复说系统升级', ',对方直接挂断',
                      ',孩子网课全耽误', ',店里刷不了卡', ',被绕了一大圈', ',说不归他管', ',说二十四小时内回电话', ',现在还是老样子', ',态度敷衍',
                      ',排队两小时白跑', ',说要领导签字', ',工号都不肯报', ',又让重新填表')
        || bench.pick(n, 15, ',请尽快处理', ',什么时候能解决?', ',再不处理就去工信部申诉', '。求答复[怒]', ',太失望了[泪]', ',要求退费', '', '。', '!!!',
                      ',能不能给个准话?', ',麻烦核实一下,谢谢', ',已截图准备找媒体曝光', ',用了十年的老用户寒心', ',影响工作谁负责', ',坐等回复',
                      ',联系电话13300' || lpad((abs(hashint8extended(n, 16)) % 1000000)::text, 6, '0'),
                      ' http://t.cn/R' || abs(hashint8extended(n, 17)) % 1000000);
END $$;
