"""Half a year of a customer's life, written by hand, and what the catalogue's features are at its end.

    python3 scenario.py            checks that events.jsonl and expected.tsv are what this file says
    python3 scenario.py --write    writes them

Nothing here is taken from the engine or from the definitions: each value is counted over the plain list of events, as the
catalogue defines it. All ages keep clear of the seams of tiles, so "younger than the window" is the whole rule.
"""
import decimal
import json
import math
import os
import sys

MINUTE, HOUR, DAY = 60, 3600, 86400
NOW = 1781706600                   # 2026-06-17T14:30:00Z, a Wednesday; 16:30 for the payer
SPANS = {"1m": (60, 1), "10m": (600, 60), "1h": (3600, 60), "6h": (6 * HOUR, 900), "24h": (DAY, 900), "7d": (7 * DAY, 3 * HOUR),
         "28d": (28 * DAY, 12 * HOUR), "30d": (30 * DAY, 12 * HOUR), "56d": (56 * DAY, DAY), "90d": (90 * DAY, DAY),
         "180d": (180 * DAY, 3 * DAY), "210d": (210 * DAY, 5 * DAY), "365d": (365 * DAY, 5 * DAY), "ever": (10 ** 12, 1),
         "400d": (400 * DAY, 0), "1d": (DAY, 0)}
HIGH_RISK_MCC, MONEY_SERVICE_MCC = {"4829", "5967", "6051", "7995"}, {"4829", "6050", "6051", "6540"}
HIGH_RISK_COUNTRY = {"IR", "KP", "MM"}
MISSING = None
events = []


def add(event, age, /, **fields):
    """An event `age` seconds before the payment at hand."""
    events.append({"event": event, "id": "%s-%d" % (event, len(events) + 1), "time": NOW - age, **fields})
    return events[-1]["id"]


# What every payment of the customer is like unless it says otherwise.
USUAL = dict(
    amount=2500, currency="EUR", type="purchase", channel="pos", card_id="c1", customer_id="u1", account_id="a1", device_id="d1",
    merchant_id="m1", terminal_id="t1", mcc="5411", mcc_group="groceries", bin="411111", card_present=True, entry_mode="chip",
    country="DE", card_country="DE", utc_offset=120, location=(52.52, 13.405), ip="198.51.100.7", ip64="2001:db8:0:1",
    ip_asn="AS64500", session_id="s0", fingerprint="f0", canvas="v1", email="a@example.com", geo_cell="u33d",
    source_country="DE", destination_country="DE", counterparty_id="k1", counterparty_country="DE", corridor="DE>DE", promo=False,
    shipping_address_hash="h1", payee_kind="business", account_currency="EUR")


def pay(age, **fields):
    return add("payment", age, **{**USUAL, **fields})


# --- Payments of the customer u1, newest last in time when sorted.
pay(20, amount=150, ip="198.51.100.8", session_id="s1", fingerprint="f1")
pay(5 * MINUTE, amount=990, merchant_id="m2", card_present=False, channel="ecommerce", session_id="s1", fingerprint="f2",
    payee_id="p1")
pay(40 * MINUTE, amount=30000, type="transfer", payee_kind="person", payee_id="p2", payee_account_id="a2", counterparty_id="k2",
    merchant_id=None, terminal_id=None, mcc=None, mcc_group=None, card_present=None, bin=None, payee_bank="pb1", session_id="s1")
pay(3 * HOUR, amount=12000, payee_id="p1", payee_account_id="a2", payee_bank="pb1", counterparty_id="k1", agent_id="g1")
a = pay(20 * HOUR, amount=20000, type="cash_withdrawal", country="FR", mcc="6051", mcc_group="cash", channel="atm",
        terminal_id="t2", merchant_id="m3", geo_cell="u09t", location=(48.8566, 2.3522))
add("payment_outcome", 20 * HOUR - 5, payment_id=a, outcome="declined")
pay(2 * DAY, amount=4200, entry_mode="fallback", currency="USD", sent=4800)     # at 0.875
b = pay(5 * DAY, amount=100, card_present=False, channel="ecommerce", device_id="d2", ip="203.0.113.5", ip_asn="AS64501",
        type="voucher", promo=True, shipping_address_hash="h2")
add("payment_outcome", 5 * DAY - 5, payment_id=b, outcome="declined")
c = pay(7 * DAY + 14 * HOUR, amount=8000, location=(52.5, 13.4))
d = pay(8 * DAY + 13 * HOUR + 30 * MINUTE, amount=6000, type="wire", counterparty_country="IR", destination_country="IR", corridor="DE>IR",
        counterparty_id="k3", mcc="4829", mcc_group="money_transfer")
pay(12 * DAY, amount=2500, type="p2p", agent_id="g1")
e = pay(13 * DAY + 2 * HOUR, amount=50000, type="withdrawal")
pay(20 * DAY, amount=2600, channel="mobile")
f = pay(34 * DAY, amount=2700)
pay(35 * DAY + 13 * HOUR, amount=2800)
pay(50 * DAY, amount=260000, country="US", merchant_id="m4", terminal_id="t4", mcc="5732", mcc_group="electronics", geo_cell="dr5r")
pay(80 * DAY + 13 * HOUR, amount=3000)               # half past three at night
pay(100 * DAY, amount=3100)
pay(130 * DAY, amount=3200)
pay(170 * DAY, amount=3300)
pay(200 * DAY, amount=3400, card_id="c1")
pay(300 * DAY, amount=1000, card_id="c9", device_id="d9")
# Others at the same places.
for n, age in enumerate([30, 9 * MINUTE, 2 * HOUR, 3 * DAY, 7 * DAY + 15 * HOUR, 10 * DAY, 40 * DAY]):
    pay(age, card_id="x%d" % n, customer_id="y%d" % n, account_id="z%d" % n, amount=1000 * (n + 1), bin="52000%d" % (n % 2),
        device_id="d1" if n < 4 else "d5", email="b%d@example.com" % n, payee_id="p1" if n in (1, 3) else None,
        ip="198.51.100.7" if n < 3 else "192.0.2.1", session_id="q%d" % n, counterparty_id="k7", payee_bank="pb1", card_present=True,
        location=None)
g = pay(7 * DAY + 20 * HOUR, card_id="x9", customer_id="y9", account_id="z9", amount=7000, mcc="6051", payee_bank="pb1", merchant_id="m9",
        terminal_id="t9", device_id="d8", ip="192.0.2.9", ip_asn="AS64509", bin="520009", session_id="q9", canvas="v9", email=None,
        ip64="2001:db8:9:9", location=None)
# Labels: what turned out to be fraud.
add("fraud_label", 2 * DAY, payment_id=g, kind="confirmed")
add("fraud_label", 2 * DAY, payment_id=c, kind="confirmed")
add("fraud_label", DAY, payment_id=d, kind="chargeback")
add("fraud_label", 3 * DAY, payment_id=e, kind="confirmed")
add("fraud_label", 10 * DAY, payment_id=f, kind="chargeback")
add("fraud_label", HOUR, payment_id=b, kind="suspected")           # its payment is younger than the lag
# --- Money that came to both accounts.
A1 = dict(account_id="a1", customer_id="u1", utc_offset=120)
A2 = dict(account_id="a2", customer_id="u2", utc_offset=120)
add("credit", 30 * MINUTE, **A1, amount=40000, type="cash", counterparty_id="k5", branch_id="r1", region="north",
    depositor_id="o9", account_owner_id="o1", counterparty_country="DE", currency="EUR")
add("credit", 10 * HOUR, **A1, amount=850000, type="cash", counterparty_id="k5", branch_id="r2", region="south",
    depositor_id="o1", account_owner_id="o1", counterparty_country="DE", currency="EUR")
add("credit", 4 * DAY, **A1, amount=990000, type="cash", counterparty_id="k6", branch_id="r1", region="north",
    depositor_id="o1", account_owner_id="o1", counterparty_country="MM", currency="EUR")
add("credit", 15 * DAY, **A1, amount=300000, type="salary", counterparty_id="k8", counterparty_country="DE", currency="EUR")
add("credit", 60 * DAY, **A1, amount=310000, type="wire", counterparty_id="k8", counterparty_country="KP", currency="EUR")
add("credit", 120 * DAY, **A1, amount=320000, type="salary", counterparty_id="k9", counterparty_country="DE", currency="EUR")
add("credit", 2 * HOUR, **A2, amount=70000, type="transfer", counterparty_id="k5", counterparty_country="DE", currency="EUR")
add("credit", 5 * HOUR, **A2, amount=80000, type="transfer", counterparty_id="k5", counterparty_country="DE", currency="EUR")
add("credit", 6 * HOUR, **A2, amount=90000, type="transfer", counterparty_id="k4", counterparty_country="DE", currency="EUR")
for age, amount, to in [(HOUR, 11000, "w1"), (4 * HOUR, 13000, "w2"), (7 * HOUR, 17000, "w1")]:
    pay(age, account_id="a2", customer_id="u2", card_id="c2", amount=amount, counterparty_id=to, merchant_id="m7", terminal_id="t7",
        device_id="d7", ip="192.0.2.77", ip_asn="AS64507", bin="530000", session_id="s7", email=None, canvas="v7", ip64="2001:db8:7:7",
        mcc="5999", mcc_group="other", payee_id="p7", location=None)
# --- Refunds, changes, logins, alerts and the rest of what happens.
U1 = dict(customer_id="u1")
add("refund", 30 * MINUTE, card_id="c1", account_id="a1", customer_id="u1", merchant_id="m1", amount=500, currency="EUR")
add("refund", 6 * DAY, card_id="c1", account_id="a1", customer_id="u1", merchant_id="m1", amount=700, currency="EUR")
for age, kind in [(2 * HOUR, "password"), (3 * HOUR, "device_enrolled"), (5 * HOUR, "payee_added"), (6 * HOUR, "phone"), (3 * DAY, "payee_added"),
                  (4 * DAY, "limit"), (5 * DAY, "email"), (40 * DAY, "address"), (60 * DAY, "mfa_method"), (70 * DAY, "mfa_off"),
                  (90 * DAY + 7 * HOUR, "sim_swap")]:
    add("security_change", age, **U1, kind=kind)
for age, result, who in [(10 * MINUTE, "failed", "u1"), (20 * MINUTE, "failed", "u8"), (30 * MINUTE, "otp_failed", "u1"), (2 * HOUR, "failed", "u1"),
                         (3 * HOUR, "ok", "u1")]:
    add("login", age, customer_id=who, device_id="d1", ip="198.51.100.7", result=result)
add("account_opened", 12 * DAY, customer_id="u1", account_id="a1")
add("alert", 20 * DAY, account_id="a1", customer_id="u1", kind="transaction_monitoring")
add("alert", 50 * DAY, account_id="a1", customer_id="u1", kind="suspicious_activity_report")
add("alert", 350 * DAY, account_id="a1", customer_id="u1", kind="suspicious_activity_report")
add("alert", 380 * DAY, account_id="a1", customer_id="u1", kind="suspicious_activity_report")
add("bet", 30, account_id="a1", customer_id="u1", stake=700, currency="EUR")
add("bet", 9 * DAY, account_id="a1", customer_id="u1", stake=1300, currency="EUR")
add("bonus_claim", 3 * DAY, account_id="a1", customer_id="u1")
add("crypto_transfer", 20 * MINUTE, account_id="a1", customer_id="u1", kind="swap", exchange_id="e1")
add("crypto_transfer", 3 * HOUR, account_id="a1", customer_id="u1", kind="bridge", exchange_id="e2")
add("crypto_transfer", 4 * HOUR, account_id="a1", customer_id="u1", kind="bridge", exchange_id="e1")
# Documents: one verified, one verified and expired, one rejected later.
add("document", 100 * DAY, **U1, document_id="doc1", type="id", status="verified", expires_at=NOW + 400 * DAY)
add("document", 90 * DAY, **U1, document_id="doc2", type="address", status="verified", expires_at=NOW - 10 * DAY)
add("document", 80 * DAY, **U1, document_id="doc3", type="business_registration", status="verified", expires_at=NOW + 100 * DAY)
add("document", 70 * DAY, **U1, document_id="doc3", type="business_registration", status="rejected", expires_at=NOW + 100 * DAY)
# Fourteen monthly statements, the oldest first, and two years of current account in short.
for n in range(14):
    age = (14 - n) * 30 * DAY - 10 * DAY
    add("statement", age, **U1, balance=100000 + 7000 * n, limit=200000 if n != 5 else 120000,
        paid=[100000 + 7000 * n, 5000, 20000][n % 3], minimum_due=5000, purchases=40000 + 1000 * n, cash_advances=3000 * (n % 4),
        cash_advance_count=n % 4, days_past_due=[0, 0, 31, 0, 65, 0, 0, 95, 0, 0, 0, 12, 0, 5][n], currency="EUR")
for n in range(13):
    age = (13 - n) * 30 * DAY - 19 * DAY
    entry = lambda **f: add("ledger_entry", age, **U1, **f, currency="EUR")
    entry(amount=250000 + 3000 * n, direction="in", category="salary", counterparty_id="employer")
    if n % 4 == 0:
        entry(amount=20000, direction="in", category="income", counterparty_id="tenant%d" % n)
    entry(amount=90000, direction="out", category="housing", counterparty_id="landlord")
    entry(amount=30000 + 500 * n, direction="out", category="groceries", counterparty_id="shop")
    entry(amount=15000, direction="out", category="savings", counterparty_id="fund")
    if n in (3, 11):
        entry(amount=4000, direction="out", category="gambling", counterparty_id="casino")
        entry(amount=2000, direction="in", category="returned_debit", counterparty_id="gym")
    if n in (10, 12):
        entry(amount=6000, direction="out", category="bnpl", counterparty_id="lender")
for age, balance in [(DAY, 50000), (9 * DAY, -12000), (25 * DAY, -4000), (45 * DAY, 80000), (75 * DAY, -20000), (100 * DAY, -90000)]:
    add("daily_balance", age, **U1, balance=balance, overdraft_limit=100000, currency="EUR")
# Applications of before; the one at hand is below.
APPLIED = dict(customer_id="u1", device_id="d1", ip="198.51.100.7", tenant_id="bank", branch_id="br1", zip="10115", birth_date="1990-02-03",
               phone_hash="ph1", address_hash="ad1", employer_phone_hash="ep1", email="a@example.com", name="Ada Example", outcome="open")
for n, (age, fields) in enumerate([(HOUR, {}), (5 * HOUR, dict(email="c@example.com")), (20 * HOUR, dict(customer_id="u5")), (6 * DAY, dict(name="Eve Other")),
                                   (20 * DAY, dict(outcome="refused", device_id="d2")), (40 * DAY, dict(email="d@example.com")),
                                   (300 * DAY, dict(outcome="refused"))]):
    add("application", age, **{**APPLIED, **fields})
# --- Slow facts.
PROFILE = dict(kind="company", business_type="retail", party_type="limited_company", founded_on=NOW - 1461 * DAY, kyc_verified=True, has_email=True,
               has_phone=True, has_address=False, has_tax_id=True, risk_score=0.37, country="AT", home=(48.2082, 16.3738),
               expected_monthly_turnover=1000000, currency="EUR", email_hash="eh1", phone_hash="ph1", address_hash="ad1", national_id_hash="id1")
add("customer_profile", 20 * DAY, customer_id="u1", created_at=NOW - 1000 * DAY - HOUR, **PROFILE)
add("customer_profile", 30 * DAY, customer_id="u3", created_at=NOW - 900 * DAY, **{**PROFILE, "national_id_hash": "id3"})
add("account_profile", DAY, account_id="a1", customer_id="u1", opened_at=NOW - 500 * DAY - HOUR, balance=123400, credit_limit=500000, is_business=True,
    address_hash="ad1", currency="EUR")
add("account_profile", DAY, account_id="a8", customer_id="u3", opened_at=NOW - 400 * DAY, balance=5, credit_limit=5, is_business=False,
    address_hash="ad1", currency="EUR")
add("card_profile", DAY, card_id="c1", issued_at=NOW - 321 * DAY - HOUR, daily_limit=100000, currency="EUR")
add("payee_profile", DAY, payee_id="p1", opened_at=NOW - 77 * DAY - HOUR)
add("ip_intel", DAY, ip="198.51.100.7", is_hosting=True)
add("peer_group", DAY, account_id="a1", sum_mean=100000, sum_stddev=50000, count_mean=4.0, count_stddev=2.0, currency="EUR")
add("screening", DAY, customer_id="u1", pep=False, sanctions=True)
add("party_network", DAY, customer_id="u1", depth_downstream=5, size=321)
BUREAU = dict(credit_score=640, inquiries_1m=1, inquiries_3m=2, inquiries_6m=4, inquiries_12m=7, open_trades=6, revolving_trades=3,
              months_oldest_trade=120, months_average_trade=44, new_trades_6m=1, new_trades_12m=2, total_debt=3000000, total_limit=5000000,
              monthly_obligations=90000)
add("bureau_report", 5 * DAY, customer_id="u1", currency="EUR", **BUREAU)

# --- What is asked about: a payment and an application, now.
PAYMENT = dict(
    USUAL, amount=12000, type="transfer", channel="ecommerce", payee_id="p1", payee_account_id="a2", payee_bank="pb1", merchant_id="m1",
    terminal_id="t1", agent_id="g1", session_id="s1", fingerprint="f1", country="FR", location=(48.8, 2.3), ip_location=(52.0, 13.0),
    ip_country="DE", billing_country="FR", billing_address_hash="h9", shipping_address_hash="h1", ip_is_vpn=False, ip_is_tor=False,
    device_utc_offset=60, ip_utc_offset=120, three_ds="challenged", avs="match", cvv="mismatch", email_domain="gmail.com", corridor="DE>FR",
    destination_country="FR", account_currency="USD", industry="crypto", origin_before=20000, origin_after=8000, destination_before=0,
    destination_after=12000, session_seconds=95, remote_access=True, active_call=False, card_present=False, geo_cell="u09x", mcc="6051",
    mcc_group="cash", email_hash="eh1", phone_hash="ph1", address_hash="ad1", national_id_hash="id1")
APPLICATION = dict(
    APPLIED, name="Ada Example", email_local_part="ada.example", email_domain="web.de", age_years=36, phone_valid=True, previous_address_months=30,
    current_address_months=14, previous_bank_months=50, requested_at=NOW - 3 * DAY - HOUR, session_seconds=330, ip_country="DE", bank_country="AT",
    credit_risk_score=-12, intended_balance_transfer=70000, loan_amount=2400000, annuity=45000, declared_monthly_income=250000,
    collateral_value=3000000, currency="EUR")


# --- Counting.
by_id = {e["id"]: e for e in events}
log = []
for e in sorted(events, key=lambda e: e["time"]):
    refers = by_id.get(e.get("payment_id"))
    log.append({**{k: v for k, v in (refers or {}).items() if k not in ("event", "id", "time")}, **e,
                "payment_time": refers["time"] if refers else None})


def rows(kinds, key, window, where=lambda e: True, lag=0, at="time"):
    """Events of some types that touch an entity, younger than the window; `key` is (field, value)."""
    span, hop = SPANS[window]
    found = []
    for e in log:
        if e["event"] not in kinds.split() or e.get(key[0]) != key[1] or key[1] is None:
            continue
        age = NOW - lag - e[at]
        if lag:                                        # exactly the whole tiles of three hours that end before the lag
            tile, end = e[at] // (3 * HOUR), (NOW - lag) // (3 * HOUR)
            inside = end - span // (3 * HOUR) <= tile < end
        else:
            assert not span <= age < span + hop, "%s lies on the seam of %s" % (e["id"], window)
            inside = age < span
        if inside and where(e):
            found.append(e)
    return found


TABLE = [int(math.floor((2 ** 32) * math.log1p(i / 1024) + 0.5)) for i in range(1024)]


def ln1024(x):
    if x <= 1:
        return 0
    e = x.bit_length() - 1
    i = (x >> (e - 10) if e >= 10 else x << (10 - e)) - 1024
    return (e * 2977044472 + TABLE[i] + 2 ** 21) >> 22


def amounts(found, field="amount"):
    return [e[field] for e in found if e.get(field) is not None]


def average(values):
    return sum(values) / len(values) if values else MISSING


def stdlog(values):
    logs = [ln1024(v) for v in values]
    n = len(logs)
    return math.sqrt(n * sum(x * x for x in logs) - sum(logs) ** 2) / (1024 * n) if n > 1 else MISSING


def avglog(values):
    return sum(ln1024(v) for v in values) / (1024 * len(values)) if values else MISSING


def ratio(a, b):
    return MISSING if a is MISSING or b is MISSING or b == 0 else a / b


def stddev(values):
    m = sum(values) / len(values)
    return math.sqrt(sum((v - m) ** 2 for v in values) / len(values))


def slope(values):
    n = len(values)
    mx, my = (n - 1) / 2, sum(values) / n
    return sum((i - mx) * (v - my) for i, v in enumerate(values)) / sum((i - mx) ** 2 for i in range(n))


def km(a, b):
    if a is None or b is None:
        return MISSING
    (p, q), (r, s) = [[math.radians(x) for x in place] for place in (a, b)]
    h = math.sin((r - p) / 2) ** 2 + math.cos(p) * math.cos(r) * math.sin((s - q) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(h))


def local(e):
    """Hour, weekday (Monday is 0) and day of the month for the payer."""
    import datetime
    at = datetime.datetime.fromtimestamp(e["time"] + 60 * (e.get("utc_offset") or 0), datetime.timezone.utc)
    return at.hour, at.weekday(), at.day, at


def since(found, unit=1, last=True):
    times = [e["time"] for e in found]
    return (NOW - (max(times) if last else min(times))) // unit if times else MISSING


def distinct(found, field):
    return len({e[field] for e in found if e.get(field) is not None})


def sine(part, whole):
    """Sine of part/whole turns, with fifty digits on the way: 2π is no double, so math.sin would be of something else."""
    with decimal.localcontext() as context:
        context.prec = 50
        x = 2 * decimal.Decimal("3.14159265358979323846264338327950288419716939937511") * part / whole
        term, total, n = x, x, 1
        while abs(term) > decimal.Decimal("1e-45"):
            term *= -x * x / ((n + 1) * (n + 2))
            total, n = total + term, n + 2
        return float(total)


def cosine(part, whole):
    return sine(4 * part + whole, 4 * whole)


tx = dict(PAYMENT, time=NOW)
ap = dict(APPLICATION, time=NOW)
out = {}
KEY = {"card": ("card_id", "c1"), "cust": ("customer_id", "u1"), "acct": ("account_id", "a1"), "merch": ("merchant_id", "m1"),
       "term": ("terminal_id", "t1"), "dev": ("device_id", "d1"), "ip": ("ip", "198.51.100.7"), "payee": ("payee_id", "p1"),
       "mcc": ("mcc", "6051"), "bin": ("bin", "411111"), "ip_asn": ("ip_asn", "AS64500"), "payee_bank": ("payee_bank", "pb1")}

# A1, A2: how often and how much.
for short, key in KEY.items():
    for w in ["1m", "10m", "1h", "24h", "7d", "30d", "90d"]:
        found = rows("payment", key, w)
        values = amounts(found)
        out["%s_txn_cnt_%s" % (short, w)] = len(found)
        out["%s_txn_sum_%s" % (short, w)] = sum(values)
        out["%s_txn_avg_%s" % (short, w)] = average(values)
        out["%s_txn_max_%s" % (short, w)] = max(values, default=0)
        out["%s_txn_stdlog_%s" % (short, w)] = stdlog(values)
        out["%s_txn_avglog_%s" % (short, w)] = avglog(values)
out["agent_txn_cnt_1h"] = len(rows("payment", ("agent_id", "g1"), "1h"))


def each(windows, name, kinds, key, where=lambda e: True, field=None):
    """A count, or a sum, in several windows."""
    for w in windows.split():
        found = rows(kinds, key, w, where)
        out["%s_%s" % (name, w)] = sum(amounts(found, field)) if field else len(found)


CARD, CUST, ACCT = KEY["card"], KEY["cust"], KEY["acct"]
REMOTE = lambda e: e.get("card_present") is False
CASH = lambda e: e.get("type") == "cash_withdrawal"
ABROAD = lambda e: e.get("country") is not None and e.get("card_country") is not None and e["country"] != e["card_country"]
RISKY = lambda e: e.get("mcc") in HIGH_RISK_MCC
DECLINED = lambda e: e.get("outcome") == "declined"

# B: payments of a kind.
for what, where in [("cnp", REMOTE), ("atm_cash", CASH), ("xborder", ABROAD), ("hirisk_mcc", RISKY),
                    ("round_amt", lambda e: e["amount"] % 10000 == 0), ("night", lambda e: local(e)[0] < 6),
                    ("fallback_entry", lambda e: e.get("entry_mode") == "fallback"), ("low_value_test", lambda e: e["amount"] <= 200)]:
    each("1h 24h 7d", "card_%s_cnt" % what, "payment", CARD, where)
    each("24h 7d", "cust_%s_sum" % what, "payment", CUST, where, "amount")
each("1h 24h 7d", "card_declined_cnt", "payment_outcome", CARD, DECLINED)
each("1h 24h 7d", "card_refund_reversal_cnt", "refund", CARD)
each("24h 7d", "cust_p2p_out_sum", "payment", CUST, lambda e: e["type"] == "transfer" and e["payee_kind"] == "person", "amount")

# C: how many different.
for short, what, field, windows in [
        ("cust", "merch", "merchant_id", "1h 24h 7d"), ("cust", "mcc", "mcc", "1h 24h 7d"), ("cust", "country", "country", "1h 24h 7d"),
        ("cust", "terminal", "terminal_id", "1h 24h 7d"), ("cust", "device", "device_id", "1h 24h 7d"), ("cust", "ip", "ip", "1h 24h 7d"),
        ("cust", "payee", "payee_id", "1h 24h 7d"), ("cust", "currency", "currency", "1h 24h 7d"), ("dev", "card", "card_id", "24h 7d"),
        ("dev", "cust", "customer_id", "24h 7d 30d"), ("dev", "email", "email", "24h 7d"), ("ip", "card", "card_id", "1h 24h"),
        ("ip", "cust", "customer_id", "1h 24h"), ("ip", "device", "device_id", "1h 24h"), ("payee", "payer", "customer_id", "24h 7d 30d"),
        ("payee", "device", "device_id", "24h 7d 30d"), ("merch", "card", "card_id", "1h 24h"), ("merch", "bin", "bin", "1h 24h"),
        ("term", "card", "card_id", "1h 24h"), ("term", "bin", "bin", "1h 24h"), ("card", "acct", "account_id", "30d"),
        ("acct", "card", "card_id", "24h"), ("acct", "ship_addr", "shipping_address_hash", "30d")]:
    for w in windows.split():
        out["%s_distinct_%s_%s" % (short, what, w)] = distinct(rows("payment", KEY[short], w), field)
out["ip64_distinct_cust_24h"] = distinct(rows("payment", ("ip64", tx["ip64"]), "24h"), "customer_id")
out["canvas_distinct_cust_30d"] = distinct(rows("payment", ("canvas", "v1"), "30d"), "customer_id")
out["sess_distinct_fingerprint"] = max(0, distinct(rows("payment", ("session_id", "s1"), "24h"), "fingerprint") - 1)
out["ip_login_fail_distinct_cust_1h"] = distinct(rows("login", KEY["ip"], "1h", lambda e: e["result"] == "failed"), "customer_id")

# D: how long ago, and whether new.
for name, kinds, key, where in [
        ("card_secs_since_last_txn", "payment", CARD, None), ("cust_secs_since_last_txn", "payment", CUST, None),
        ("dev_secs_since_last_txn", "payment", KEY["dev"], None), ("payee_secs_since_last_credit", "payment", KEY["payee"], None),
        ("card_secs_since_last_decline", "payment_outcome", CARD, DECLINED), ("card_secs_since_last_atm", "payment", CARD, CASH),
        ("card_secs_since_last_cnp", "payment", CARD, REMOTE)]:
    out[name] = since(rows(kinds, key, "400d", where or (lambda e: True)))
for name, kinds in [("new_payee", "payee_added"), ("pwd_change", "password"), ("phone_change", "phone"), ("addr_change", "address"), ("limit_change", "limit"),
                    ("email_change", "email"), ("contact_change", "phone email address"), ("mfa_change", "mfa_method"), ("mfa_off", "mfa_off")]:
    out["cust_secs_since_" + name] = since(rows("security_change", CUST, "400d", lambda e: e["kind"] in kinds.split()))
for what, field in [("device", "device_id"), ("payee", "payee_id"), ("merch", "merchant_id"), ("country", "country"), ("mcc", "mcc"), ("ip_asn", "ip_asn"),
                    ("ip", "ip"), ("corridor", "corridor")]:
    seen = rows("payment", CUST, "400d", lambda e: e.get(field) == tx[field])
    out["cust_days_since_first_seen_" + what] = since(seen, DAY, last=False)
    out["is_new_" + what] = 0 if seen else 1
    out["n_prior_txn_cust_" + what] = len(seen)
out["cust_hours_since_first_seen_payee"] = since(rows("payment", CUST, "400d", lambda e: e.get("payee_id") == "p1"), HOUR, last=False)
out["card_hours_since_first_seen"] = since(rows("payment", CARD, "400d"), HOUR, last=False)
out["geo_cell_new_30d"] = 0 if rows("payment", CARD, "30d", lambda e: e.get("geo_cell") == tx["geo_cell"]) else 1
out.update(acct_age_days=500, card_age_days=321, cust_tenure_days=1000, payee_acct_age_days=77)
to_payee = [e["amount"] for e in rows("payment", CUST, "400d", lambda e: e.get("payee_id") == "p1")]
out["sum_prior_cust_payee"] = sum(to_payee)
out["last_amount_same_payee_ratio"] = tx["amount"] / to_payee[-1]
out["email_days_since_first_seen"] = 30

# E: how far from what is usual.
for w in ["7d", "30d"]:
    out["amt_over_card_avg_" + w] = ratio(tx["amount"], out["card_txn_avg_" + w])
out["amt_over_cust_avg_30d"] = ratio(tx["amount"], out["cust_txn_avg_30d"])
out["amt_over_card_max_30d"] = ratio(tx["amount"], out["card_txn_max_30d"])
for name, short in [("card", "card"), ("cust", "cust"), ("merch", "merch")]:
    out["amt_z_log_%s_30d" % name] = ratio(math.log(tx["amount"]) - out[short + "_txn_avglog_30d"], out[short + "_txn_stdlog_30d"])


def rank(found):
    """Magnitudes are compared: four classes for each factor e."""
    size = lambda v: 1 + (ln1024(v) >> 8) if v > 1 else 0
    mine, others = size(tx["amount"]), [size(v) for v in amounts(found)]
    return (sum(o < mine for o in others) + sum(o == mine for o in others) / 2) / len(others)


quarter = rows("payment", CUST, "90d")
out["amt_pctl_cust_90d"] = rank(quarter)
out["amt_pctl_cust_mcc_90d"] = rank([e for e in quarter if e.get("mcc") == tx["mcc"]])
out["cnt1h_over_rate24h"] = ratio(out["card_txn_cnt_1h"] * 24, out["card_txn_cnt_24h"])
out["cnt24h_over_rate7d"] = ratio(out["card_txn_cnt_24h"] * 7, out["card_txn_cnt_7d"])
out["cnt24h_over_rate30d"] = ratio(out["card_txn_cnt_24h"] * 30, out["card_txn_cnt_30d"])
out["sum24h_over_rate30d"] = ratio(out["card_txn_sum_24h"] * 30, out["card_txn_sum_30d"])
out["merch_cnt1h_over_rate7d"] = ratio(out["merch_txn_cnt_1h"] * 168, out["merch_txn_cnt_7d"])
out["amt_over_balance"] = 12000 / 123400
out["amt_over_credit_limit"] = 12000 / 500000
out["day_limit_utilisation"] = (out["card_txn_sum_24h"] + 12000) / 100000
out["hour_density_cust"] = (sum(local(e)[0] == 16 for e in quarter) + 1) / (len(quarter) + 24)
out["dow_density_cust"] = (sum(local(e)[1] == 2 for e in quarter) + 1) / (len(quarter) + 7)
grouped = [e for e in quarter if e.get("mcc_group")]
out["mcc_share_cust_90d"] = sum(e["mcc_group"] == "cash" for e in grouped) / len(grouped)
out["channel_share_cust_90d"] = sum(e["channel"] == "ecommerce" for e in quarter) / len(quarter)
recent = rows("payment", CARD, "30d")[-32:]
gaps = [b["time"] - a["time"] for a, b in zip(recent, recent[1:])]
out["interarrival_z_card_30d"] = (NOW - recent[-1]["time"] - sum(gaps) / len(gaps)) / stddev(gaps)
run = 0
for e in reversed(recent):
    if e["amount"] != tx["amount"]:
        break
    run += 1
out["amt_equals_prev_amt_run"] = run
run, above = 0, tx["amount"]
for e in reversed(recent):
    if e["amount"] >= above:
        break
    run, above = run + 1, e["amount"]
out["amt_increasing_run"] = run

# F: where.
placed = rows("payment", CARD, "400d")
out["km_from_prev_txn"] = km(tx["location"], placed[-1].get("location"))
present = rows("payment", CARD, "400d", lambda e: e.get("card_present") is True)
out["kmh_from_prev_cp_txn"] = km(tx["location"], present[-1]["location"]) / ((NOW - present[-1]["time"]) / HOUR)
out["km_from_home"] = km(tx["location"], (48.2082, 16.3738))
usual = [e["location"] for e in rows("payment", CARD, "30d", lambda e: e.get("card_present") is True) if e.get("location")]
middle = [sum(round(p[i] * 1e7) for p in usual) / len(usual) for i in (0, 1)]
out["km_from_usual_centroid_30d"] = km(tx["location"], [round(m) / 1e7 for m in middle])
out["gps_ip_km"] = km(tx["location"], tx["ip_location"])
out.update(ip_country_ne_card_country=0, ip_country_ne_billing=1, billing_ne_shipping=1, merch_country_ne_home=1, ip_is_proxy_tor_hosting=1,
           country_risk_score=0.1, tz_offset_mismatch=1)

# G: fraud that was known a week ago, by the day of the payment.
for short in ["term", "merch", "mcc", "bin", "ip_asn", "dev", "payee_bank"]:
    for w in ["1d", "7d", "30d"]:
        frauds = len(rows("fraud_label", KEY[short], w, lag=7 * DAY, at="payment_time"))
        paid = len(rows("payment", KEY[short], w, lag=7 * DAY))
        out["%s_fraud_rate_%s_lag7d" % (short, w)] = frauds / paid if paid else 0
        out["%s_fraud_cnt_%s_lag7d" % (short, w)] = frauds
        out["%s_txn_cnt_%s_lag7d" % (short, w)] = paid

# H: the payment itself. Half past four in the afternoon of a Wednesday, the 17th.
out.update(amt_log=math.log(12000), amt_is_round_10=1, amt_is_round_100=0, amt_cents=0, amt_below_report_threshold_pct=(1000000 - 12000) / 1000000,
           hour_sin=sine(16, 24), hour_cos=cosine(16, 24), dow_sin=sine(2, 7), dow_cos=cosine(2, 7), is_night=0, is_weekend=0, is_month_end_or_payday=0, channel=2, entry_mode=1, sca_3ds_result=4,
           avs_match=1, cvv_match=3, mcc_risk_group=3, currency_ne_home=1, email_is_free_domain=1)

# I: balances.
out.update(err_balance_orig=0, err_balance_dest=0, orig_emptied=0, dest_was_zero_before=1, amt_over_old_balance=0.6, dest_balance_unchanged=0)

# J, J2: how money comes and goes.
BANKNOTES = lambda e: e.get("type") == "cash"
UNDER = lambda e: BANKNOTES(e) and e["amount"] < 1000000
each("24h 7d 30d", "acct_cash_dep_cnt_80_100pct_threshold", "credit", ACCT, lambda e: UNDER(e) and e["amount"] >= 800000)
each("24h 7d 30d", "acct_cash_dep_sum_below_threshold", "credit", ACCT, UNDER, "amount")
for short, key in [("acct", ACCT), ("other", ("account_id", "a2"))]:
    each("1h 24h 7d 30d 90d", short + "_in_sum", "credit", key, field="amount")
    each("24h 7d 30d", short + "_out_sum", "payment", key, field="amount")
    each("24h 7d 30d", short + "_in_degree", "credit", key)
    each("24h 7d 30d", short + "_out_degree", "payment", key)
    for w in ["24h", "7d", "30d"]:
        out["%s_fan_in_%s" % (short, w)] = distinct(rows("credit", key, w), "counterparty_id")
        out["%s_fan_out_%s" % (short, w)] = distinct(rows("payment", key, w), "counterparty_id")
for w in ["24h", "7d", "30d"]:
    out["acct_out_over_in_" + w] = ratio(out["acct_out_sum_" + w], out["acct_in_sum_" + w])
    out["acct_distinct_branches_cash_" + w] = distinct(rows("credit", ACCT, w, BANKNOTES), "branch_id")
both = rows("payment credit", ACCT, "30d")
out["dormant_days_before_txn"] = since(rows("payment credit", ACCT, "400d"), DAY)
longer = len(rows("payment credit", ACCT, "210d"))
out["activity_30d_over_prior_180d"] = ratio(len(both) * 6, longer - len(both))
FAR = lambda e: e.get("counterparty_country") in HIGH_RISK_COUNTRY
out["hirisk_geo_in_sum_30d"] = sum(amounts(rows("credit", ACCT, "30d", FAR)))
out["hirisk_geo_out_sum_30d"] = sum(amounts(rows("payment", ACCT, "30d", FAR)))
out["hirisk_geo_share_90d"] = ratio(sum(amounts(rows("payment credit", ACCT, "90d", FAR))), sum(amounts(rows("payment credit", ACCT, "90d"))))
for w in ["30d", "90d"]:
    out["cash_share_" + w] = ratio(sum(amounts(rows("credit", ACCT, w, BANKNOTES))), out["acct_in_sum_" + w])
out["msb_crypto_share_30d"] = ratio(sum(amounts(rows("payment", ACCT, "30d", lambda e: e.get("mcc") in MONEY_SERVICE_MCC))), out["acct_out_sum_30d"])
each("7d 30d", "wire_cnt", "payment credit", ACCT, lambda e: e.get("type") == "wire")
out["round_amt_share_30d"] = sum(e["amount"] % 10000 == 0 for e in both) / len(both)
known = {e["counterparty_id"] for e in rows("payment credit", ACCT, "400d") if e["time"] < NOW - 30 * DAY}
month = {e["counterparty_id"] for e in both if e.get("counterparty_id")}
out["new_counterparty_share_30d"] = len(month - known) / len(month)
same = lambda e: e["amount"] == tx["amount"]
out["same_amount_repeat_cnt_7d"] = len(rows("payment", ACCT, "7d", same))
out["peer_z_sum_30d"] = (out["acct_out_sum_30d"] - 100000) / 50000
out["peer_z_cnt_30d"] = (out["acct_out_degree_30d"] - 4) / 2
out["turnover_over_kyc_expected_30d"] = out["acct_in_sum_30d"] / 1000000
out["third_party_cash_dep_cnt_30d"] = len(rows("credit", ACCT, "30d", lambda e: BANKNOTES(e) and e["depositor_id"] != e["account_owner_id"]))
SAR = lambda e: e["kind"] == "suspicious_activity_report"
out["is_pep_or_sanction_hit"] = 1
out["prior_alerts_90d"] = len(rows("alert", ACCT, "90d"))
out["prior_sars_lifetime"] = len(rows("alert", CUST, "ever", SAR))
out["acct_age_at_first_large_txn"] = 450
for end, short, key in [("src", "acct", ACCT), ("dst", "other", ("account_id", "a2"))]:
    for way, kinds in [("in", "credit"), ("out", "payment")]:
        found = rows(kinds, key, "24h")
        fan, degree = distinct(found, "counterparty_id"), len(found)
        out.update({"%s_%s_fan_24h" % (end, way): fan, "%s_%s_degree_24h" % (end, way): degree, "%s_%s_ratio_24h" % (end, way): ratio(degree, fan),
                    "%s_%s_avg_24h" % (end, way): average(amounts(found)), "%s_%s_sum_24h" % (end, way): sum(amounts(found)),
                    "%s_%s_var_24h" % (end, way): stdlog(amounts(found)) ** 2})

# K: credit, at the application.
st = rows("statement", CUST, "ever")
used = [s["balance"] / s["limit"] for s in st]
repaid = [s["paid"] / s["balance"] for s in st]
late = [s["days_past_due"] for s in st]
minimum = [0 < s["paid"] <= s["minimum_due"] for s in st]
out["util_now"] = used[-1]
for n in (3, 6, 12):
    out["util_avg_%dm" % n] = average(used[-n:])
    out["dpd_max_%dm" % n] = max(late[-n:])
out.update(util_max_12m=max(used[-12:]), util_trend_6m=slope(used[-6:]), pay_ratio_avg_3m=average(repaid[-3:]), pay_ratio_avg_12m=average(repaid[-12:]),
           minpay_only_cnt_6m=sum(minimum[-6:]), minpay_only_cnt_12m=sum(minimum[-12:]), fullpay_cnt_12m=sum(s["paid"] >= s["balance"] for s in st[-12:]),
           dpd_max_24m=max(late[-24:]), cnt_dpd30_12m=sum(x >= 30 for x in late[-12:]), cnt_dpd60_12m=sum(x >= 60 for x in late[-12:]),
           cnt_dpd90_24m=sum(x >= 90 for x in late[-24:]), months_since_dpd30=6, cash_adv_cnt_6m=sum(s["cash_advance_count"] for s in st[-6:]),
           cash_adv_ratio_6m=sum(s["cash_advances"] for s in st[-6:]) / sum(s["purchases"] for s in st[-6:]),
           overlimit_cnt_12m=sum(s["balance"] > s["limit"] for s in st[-12:]))
out.update(inq_cnt_1m=1, inq_cnt_3m=2, inq_cnt_6m=4, inq_cnt_12m=7, open_tradelines=6, revolving_tradelines=3, months_oldest_trade=120,
           months_avg_trade=44, new_trades_6m=1, new_trades_12m=2, total_debt=3000000, total_limit=5000000)
ESSENTIAL = {"groceries", "housing", "utilities", "health", "transport", "insurance", "education"}
months = {}
for e in rows("ledger_entry", CUST, "ever"):
    at = local(e)[3]
    m = months.setdefault(at.year * 12 + at.month, dict(income=0, salary=0, housing=0, essential=0, saved=0))
    m["income"] += e["amount"] if e["category"] in ("income", "salary") else 0
    m["salary"] += e["category"] == "salary"
    m["housing"] += e["category"] == "housing"
    m["essential"] += e["amount"] if e["category"] in ESSENTIAL else 0
    m["saved"] += e["amount"] if e["category"] == "savings" else 0
flow = [months[m] for m in sorted(months)]
income = [m["income"] for m in flow]
out.update(income_avg_3m=average(income[-3:]), income_avg_12m=average(income[-12:]), income_cv_12m=stddev(income[-12:]) / average(income[-12:]),
           income_trend_6m=slope(income[-6:]), months_with_salary_12m=sum(m["salary"] > 0 for m in flow[-12:]),
           rent_mortgage_regular_12m=sum(m["housing"] > 0 for m in flow[-12:]) / 12, salary_detected=1,
           disposable_income_3m=average([m["income"] - m["essential"] for m in flow[-3:]]),
           savings_rate_6m=sum(m["saved"] for m in flow[-6:]) / sum(income[-6:]))
out["dti"] = 90000 / out["income_avg_3m"]
out.update(annuity_over_income=45000 / 250000, credit_over_income=2400000 / 3000000, ltv=0.8)
out["income_sources_cnt"] = distinct(rows("ledger_entry", CUST, "365d", lambda e: e["category"] in ("income", "salary")), "counterparty_id")
balances = {w: [e["balance"] for e in rows("daily_balance", CUST, w)] for w in ("30d", "90d")}
out.update(bal_min_90d=min(balances["90d"]), bal_avg_90d=average(balances["90d"]), neg_days_30d=sum(b < 0 for b in balances["30d"]),
           neg_days_90d=sum(b < 0 for b in balances["90d"]),
           bal_trend_90d=(average(balances["30d"]) - average(balances["90d"])) / abs(average(balances["90d"])),
           overdraft_use_90d=sum(-b for b in balances["90d"] if b < 0) / (100000 * len(balances["90d"])))
spent = rows("ledger_entry", CUST, "90d")
outgo = sum(e["amount"] for e in spent if e["direction"] == "out")
out.update(gambling_share_90d=sum(e["amount"] for e in spent if e["category"] == "gambling") / outgo,
           essential_share_90d=sum(e["amount"] for e in spent if e["category"] in ESSENTIAL) / outgo,
           nsf_returned_dd_90d=sum(e["category"] == "returned_debit" for e in spent), bnpl_payday_cnt_90d=sum(e["category"] == "bnpl" for e in spent),
           nsf_returned_dd_12m=len(rows("ledger_entry", CUST, "365d", lambda e: e["category"] == "returned_debit")),
           prior_loans_refused_12m=len(rows("application", CUST, "365d", lambda e: e["outcome"] == "refused")))

# L: applications.
TENANT = ("tenant_id", "bank")
out.update(app_velocity_6h=len(rows("application", TENANT, "6h")) / 6, app_velocity_24h=len(rows("application", TENANT, "24h")) / 24,
           app_velocity_4w=len(rows("application", TENANT, "28d")) / 672, zip_count_4w=len(rows("application", ("zip", "10115"), "28d")),
           bank_branch_count_8w=len(rows("application", ("branch_id", "br1"), "56d")),
           dob_distinct_emails_4w=distinct(rows("application", ("birth_date", "1990-02-03"), "28d"), "email"),
           device_distinct_emails_8w=distinct(rows("application", KEY["dev"], "56d"), "email"),
           device_fraud_count=len(rows("fraud_label", KEY["dev"], "ever")),
           phone_distinct_names_4w=distinct(rows("application", ("phone_hash", "ph1"), "28d"), "name"),
           address_distinct_names_4w=distinct(rows("application", ("address_hash", "ad1"), "28d"), "name"),
           ip_app_cnt_24h=len(rows("application", KEY["ip"], "24h")))


def trigrams(text):
    words = "  " + text.lower() + " "
    return {words[i:i + 3] for i in range(len(words) - 2)}


n, m = trigrams("Ada Example"), trigrams("ada.example")
out.update(name_email_similarity=2 * len(n & m) / (len(n) + len(m)), prev_address_months=30, current_address_months=14, customer_age=36,
           days_since_request=3, intended_balcon_amount=70000, credit_risk_score=-12, email_is_free=1, phone_valid=1, bank_months=50,
           foreign_request=1, session_minutes=5.5)

# M: takeover.
FAILED = lambda e: e["result"] == "failed"
CHANGED = lambda *kinds: lambda e: e["kind"] in kinds
each("1h 24h", "login_fail_cnt", "login", CUST, FAILED)
out["dev_login_fail_cnt_1h"] = len(rows("login", KEY["dev"], "1h", FAILED))
out["ip_login_fail_cnt_1h"] = len(rows("login", KEY["ip"], "1h", FAILED))
out["otp_fail_cnt_1h"] = len(rows("login", CUST, "1h", lambda e: e["result"] == "otp_failed"))
each("24h", "pwd_reset_cnt", "security_change", CUST, CHANGED("password"))
each("24h 7d", "contact_change_cnt", "security_change", CUST, CHANGED("phone", "email", "address"))
each("7d", "limit_raise_cnt", "security_change", CUST, CHANGED("limit"))
each("24h 7d", "payee_added_cnt", "security_change", CUST, CHANGED("payee_added"))
out.update(new_device_enrolled_24h=1, sim_swap_age_days=90, session_secs_before_payment=95, remote_access_tool_flag=1, active_call_during_payment=0)

# S: what the small vectors need.
life = rows("payment", CUST, "ever")
CALLED = lambda e: e.get("source_country") in HIGH_RISK_COUNTRY or e.get("destination_country") in HIGH_RISK_COUNTRY
out.update(amount=12000, cust_txn_avg_ever=average(amounts(life)), cust_txn_max_ever=max(amounts(life)), cust_txn_cnt_ever=len(life),
           cust_hirisk_country_ratio_ever=sum(map(CALLED, life)) / len(life), cust_docs_verified=2, cust_docs_expired=1, cust_doc_completeness=2 / 3,
           cust_business_type_risk=0.3, cust_risk_score=0.37, cust_kyc_verified=1, cust_company_age_years=1461 / 365.25, cust_party_type_score=0.8,
           cust_contact_completeness=2 / 3, cust_has_tax_id=1, cust_network_depth=5, cust_network_size=321, cust_credit_score=640, ip_is_vpn=0,
           ip_is_tor=0, industry_fintech=0, industry_lending=0, industry_crypto=1, industry_betting=0, industry_ecommerce=0)
half = rows("payment credit", CUST, "180d")
out.update(cust_txn_cnt_180d=len(half), cust_txn_avg_180d=average(amounts(half)), cust_txn_sum_180d=sum(amounts(half)), cust_recent_activity_30d=1,
           cust_counterparties_180d=distinct(half, "counterparty_id"),
           cust_suppliers_180d=distinct([e for e in half if e["event"] == "payment"], "counterparty_id"),
           cust_customers_180d=distinct([e for e in half if e["event"] == "credit"], "counterparty_id"))
ends = sorted([out["cust_suppliers_180d"], out["cust_customers_180d"]])
out["cust_network_balance"] = ends[0] / ends[1]
counts, sums = {}, {}
for e in rows("payment credit", CUST, "400d"):
    at = local({**e, "utc_offset": 0})[3]
    counts[at.year * 12 + at.month] = counts.get(at.year * 12 + at.month, 0) + 1
six = [counts[m] for m in sorted(counts)][-6:]
out["cust_txn_regularity_6mo"] = max(0, 1 - stddev(six) / average(six))

# R: what rules ask for.
for e in rows("payment", ACCT, "400d"):
    at = local({**e, "utc_offset": 0})[3]
    sums[at.year * 12 + at.month] = sums.get(at.year * 12 + at.month, 0) + e["amount"]
ADDRESS = ("address_hash", "ad1")
out.update(addr_distinct_business_lifetime=1, addr_distinct_cust_lifetime=2, email_distinct_cust_lifetime=2, national_id_distinct_cust_lifetime=1,
           phone_distinct_cust_lifetime=2, acct_month_sum_avg_6m=average([sums[m] for m in sorted(sums)][-6:]),
           acct_distinct_deposit_region_7d=distinct(rows("credit", ACCT, "7d", BANKNOTES), "region"),
           acct_out_over_in_1h=ratio(out["acct_txn_sum_1h"], out["acct_in_sum_1h"]),
           acct_minutes_in_to_out_last=(30 * MINUTE - 20) // 60, acct_minutes_since_deposit=30,
           acct_small_deposit_cnt_30d=len(rows("credit", ACCT, "30d", lambda e: e["amount"] <= 100000)),
           acct_wagered_share_30d=2000 / out["acct_in_sum_30d"],
           night_share_cust_90d=sum(local(e)[0] in (2, 3, 4) for e in quarter) / len(quarter), acct_bridge_hop_cnt_24h=2, acct_swap_cnt_1h=1,
           acct_distinct_exchange_24h=2, cust_account_opened_cnt_30d=1, cust_chargeback_cnt_180d=len(rows("fraud_label", CUST, "180d", CHANGED("chargeback"))),
           cust_confirmed_fraud_cnt=len(rows("fraud_label", CUST, "ever", CHANGED("confirmed"))),
           cust_report_cnt_12m=len(rows("alert", CUST, "365d", SAR)), cust_declined_cnt_30d=len(rows("payment_outcome", CUST, "30d", DECLINED)),
           acct_declined_cnt_1h=len(rows("payment_outcome", ACCT, "1h", DECLINED)), bin_declined_cnt_1h=len(rows("payment_outcome", KEY["bin"], "1h", DECLINED)),
           ip_declined_cnt_24h=len(rows("payment_outcome", KEY["ip"], "24h", DECLINED)), cust_doc_completeness_valid=1 / 3,
           employer_phone_application_cnt_30d=len(rows("application", ("employer_phone_hash", "ep1"), "30d")), acct_bet_cnt_1m=1, acct_bonus_claim_cnt_7d=1,
           acct_deposit_cnt_24h=len(rows("credit", ACCT, "24h")), acct_low_value_test_cnt_24h=len(rows("payment", ACCT, "24h", lambda e: e["amount"] <= 200)),
           acct_p2p_cnt_1h=0, acct_refund_cnt_30d=len(rows("refund", ACCT, "30d")), acct_rtp_accepted_cnt_24h=0, acct_voucher_cnt_24h=0,
           acct_withdrawal_cnt_24h=len(rows("payment", ACCT, "24h", lambda e: e["type"] in ("withdrawal", "cash_withdrawal"))),
           acct_same_amount_cnt_24h=len(rows("payment", ACCT, "24h", same)),
           acct_same_amount_payee_cnt_5m=len([e for e in rows("payment", ACCT, "1h", same) if e.get("payee_id") == "p1" and e["time"] >= NOW - 300]),
           cust_application_cnt_7d=len(rows("application", CUST, "7d")), dev_application_cnt_30d=len(rows("application", KEY["dev"], "30d")),
           dev_promo_cnt_7d=len(rows("payment", KEY["dev"], "7d", lambda e: e.get("promo") is True)),
           cust_hirisk_country_ratio_90d=sum(map(CALLED, quarter)) / len(quarter))
out["acct_txn_max_90d"] = max(amounts(rows("payment", ACCT, "90d")))


def main():
    import csv
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "..", "catalogue.tsv"), encoding="utf-8") as f:
        wanted = [r["name"] for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE) if r["tier"] == "core"]
    absent = [n for n in wanted if n not in out]
    assert not absent, "not computed: %s" % absent
    at_application = {r for r in wanted if r in APPLIED_ONLY}
    lines = ["feature\tat\tvalue"]
    for name in wanted:
        value = "missing" if out[name] is MISSING else repr(float(out[name]))
        lines.append("%s\t%s\t%s" % (name, "application" if name in at_application else "payment", value))
    final = [dict(PAYMENT, event="payment", id="payment-at-hand", time=NOW),
             dict(APPLICATION, event="application", id="application-at-hand", time=NOW)]
    told = [json.dumps({"event": e["event"], "id": e["id"], "time": e["time"],
                        "fields": {k: e.get("sent", v) if k == "amount" else v for k, v in e.items()
                                   if k not in ("event", "id", "time", "sent") and v is not None}})
            for e in sorted(events, key=lambda e: e["time"]) + final]
    for name, text in [("expected.tsv", "\n".join(lines) + "\n"), ("events.jsonl", "\n".join(told) + "\n")]:
        path = os.path.join(here, name)
        if "--write" in sys.argv:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        elif open(path, encoding="utf-8").read() != text:
            sys.exit("%s is not what scenario.py says; run it with --write" % name)


# Families K and L are asked at the application, all else at the payment.
APPLIED_ONLY = set("""
annuity_over_income credit_over_income ltv app_velocity_6h app_velocity_24h app_velocity_4w zip_count_4w bank_branch_count_8w
dob_distinct_emails_4w phone_distinct_names_4w address_distinct_names_4w name_email_similarity prev_address_months
current_address_months customer_age days_since_request intended_balcon_amount credit_risk_score email_is_free phone_valid bank_months
foreign_request session_minutes employer_phone_application_cnt_30d
""".split())

main()
