@testable import RiskCore

/// Each kind of mistake in a pack: what is written instead of what, and how it is told.
let packMistakes: [PackMistakeTests.Mistake] = fileMistakes + parameterMistakes + ruleMistakes

private let fileMistakes: [PackMistakeTests.Mistake] = [
    .init(
        "assay.rules/1", "assay.rules/2",
        "p0.yaml:1:9: expected the format assay.rules/1, found 'assay.rules/2'"),
    .init(
        "pack: test", "pack: my pack",
        "p0.yaml:2:7: expected 1 to 64 bytes without spaces such as velocity, found 'my pack'"),
    .init(
        "version: 3", "version: 0",
        "p0.yaml:3:10: expected 1 to 9223372036854775807, found 0"),
    .init(
        "version: 3", "version: three",
        "p0.yaml:3:10: expected a whole number, found 'three'"),
    .init(
        "version: 3\n", "",
        "p0.yaml:1:1: the key 'version' is missing; write for example 'version: 1'"),
    .init(
        "owner: fraud-strategy@bank.example", "owner: ''",
        "p0.yaml:4:8: expected 1 to 128 bytes without spaces such as fraud-strategy@bank.example, "
            + "found ''"),
    .init(
        "owner:", "owners:",
        "p0.yaml:4:1: unknown key 'owners'; known are format, pack, version, rules, owner, tags, "
            + "parameters, note"),
    .init(
        "tags: []", "tags: [alm]",
        "p0.yaml:5:8: expected one of aml, credit, found 'alm'"),
    .init(
        "tags: []", "tags: aml",
        "p0.yaml:5:7: expected a list, found 'aml'"),
]

private let parameterMistakes: [PackMistakeTests.Mistake] = [
    .init(
        "  limit_test: {", "  Limit: { type: int, value: 1 }\n  limit_test: {",
        "p0.yaml:7:3: expected a name of small letters, digits and '_' such as hourly_limit, found "
            + "'Limit'"),
    .init(
        "  limit_test: {", "  other: { type: date, value: 1 }\n  limit_test: {",
        "p0.yaml:7:18: expected int, double or string, found 'date'"),
    .init(
        "  limit_test: {", "  other: { type: int }\n  limit_test: {",
        "p0.yaml:7:10: the key 'value' is missing; write for example 'value: 5'"),
    .init(
        "  limit_test: {", "  other: { type: double, value: many }\n  limit_test: {",
        "p0.yaml:7:33: expected a number, found 'many'"),
    .init(
        "unit: money", "unit: mony",
        "p0.yaml:7:34: unknown unit 'mony'; known are money, count, share, ratio, score, seconds, "
            + "minutes, hours, days, months, years, milliseconds, kilometres, kilometres per hour"),
    .init(
        "range: [1, 1000]", "range: [1, 499]",
        "p0.yaml:7:48: 500 is outside the parameter's range 1.0 to 499.0; change the value or the "
            + "range"),
    .init(
        "range: [1, 1000]", "range: [1]",
        "p0.yaml:7:60: expected [least, greatest], found 1 numbers"),
    .init(
        "range: [1, 1000]", "range: [1000, 1]",
        "p0.yaml:7:60: expected [least, greatest], found 1000.0 before 1.0"),
    .init(
        "approved_by: m.lind", "approved_by: a.okafor",
        "p0.yaml:8:59: 'a.okafor' made the change; another person approves it"),
    .init(
        "to: 500", "to: 450",
        "p0.yaml:8:14: the last record ends at 450, but the value is 500; add a record of the change"
    ),
    .init(
        "on: 2026-03-02", "on: yesterday",
        "p0.yaml:8:20: expected a time such as 2026-01-01T00:00:00Z or a date such as 2026-01-01, "
            + "found 'yesterday'"),
    .init(
        "why: fewer false positives", "why: ''",
        "p0.yaml:9:28: 'why' is empty; write for example 'why: 'false positives 31 % to 19 %''"),
    .init(
        "hits_per_day: [412, 268]", "hits_per_day: [412]",
        "p0.yaml:9:65: expected hits a day [before, after] the change, found 1 numbers"),
    .init(
        "data: backtest, ", "",
        "p0.yaml:8:14: the key 'data' is missing; write for example 'data: 'backtest of March''"),
    .init(
        "to: 500,\n      data: backtest, why: fewer false positives, hits_per_day: [412, 268] }]",
        "to: 500,\n      data: backtest, why: fewer false positives, hits_per_day: [412, 268] },"
            + "\n      { on: 2026-03-01, by: a.okafor, approved_by: m.lind, from: 500, to: 500,"
            + "\n      data: b, why: w, hits_per_day: [1, 2] }]",
        "p0.yaml:10:13: the records stand from old to new; this is older"),
]

private let ruleMistakes: [PackMistakeTests.Mistake] = [
    .init("TST-001", "TST-1", "p0.yaml:11:9: expected an id such as VEL-001, found 'TST-1'"),
    .init(
        "first_test", "first test",
        "p0.yaml:12:11: expected 1 to 64 bytes without spaces such as high_velocity, found "
            + "'first test'"),
    .init(
        "tx.amount > 200000", "tx.amuont > 200000",
        "p0.yaml:13:11: unknown fact 'tx.amuont'; nearest are tx.amount, tx.cop, tx.country"),
    .init(
        "P.limit_test", "P.limit_tset",
        "p0.yaml:13:32: unknown parameter 'P.limit_tset'; nearest are P.limit_test, P.limit, P.mid_amount"
    ),
    .init("score: 30", "score: 101", "p0.yaml:14:12: expected 1 to 100, found 101"),
    .init(
        "severity: high", "severity: grave",
        "p0.yaml:15:15: expected one of low, medium, high, critical, found 'grave'"),
    .init(
        "reason: AMOUNT_HIGH", "reason: AMOUNT_HIHG",
        "p0.yaml:16:13: unknown reason code 'AMOUNT_HIHG'; nearest are AMOUNT_HIGH, AMOUNT_TESTING, "
            + "AMOUNT_PATTERN"),
    .init(
        "outcome: challenge", "outcome: stop",
        "p0.yaml:17:14: expected one of none, challenge, review, decline, alert, found 'stop'"),
    .init(
        "industries: [all]", "industries: [banking]",
        "p0.yaml:18:18: unknown industry 'banking'; known are all, fintech, lending, crypto, betting, "
            + "ecommerce, marketplace"),
    .init(
        "industries: [all]", "industries: []",
        "p0.yaml:18:17: expected an industry, or [all], found none"),
    .init(
        "state: live", "state: on",
        "p0.yaml:19:12: expected one of draft, shadow, live, retired, found 'on'"),
    .init(
        "until: 2027-01-01", "until: 2026-01-01",
        "p0.yaml:20:12: 'until' is not after 'from', so the rule would never hold"),
    .init(
        "until: 2027-01-01", "until: soon",
        "p0.yaml:20:49: expected a time such as 2026-01-01T00:00:00Z or a date such as 2026-01-01, "
            + "found 'soon'"),
    .init(
        "on_missing: skip", "on_missing: hold",
        "p0.yaml:21:17: expected one of skip, review, fire, found 'hold'"),
    .init(
        "stale: missing", "stale: old",
        "p0.yaml:22:12: expected one of use, missing, found 'old'"),
    .init(
        "{tx.amount} is much", "{tx.amount is much",
        "p0.yaml:23:11: a brace in the text is not closed; write {tx.amount} for a fact"),
    .init(
        "{tx.amount} is much", "{tx.amuont} is much",
        "p0.yaml:23:11: unknown fact 'tx.amuont' in the text; nearest are tx.amount, tx.cop, "
            + "tx.country"),
    .init(
        "{tx.amount} is much", "{cust.age_years} is old",
        "p0.yaml:23:11: the fact cust.age_years is personal and may not be in a text"),
    .init(
        "note: { anything: goes }", "colour: red",
        "p0.yaml:24:5: unknown key 'colour'; known are id, name, when, score, severity, reason, tests, "
            + "outcome, industries, state, valid, on_missing, stale, text, evidence, note"),
    .init(
        "note: { anything: goes }", "evidence: ''",
        "p0.yaml:24:15: expected 1 to 2048 bytes of evidence, found 0: the rule's false-positive rate, "
            + "and where it was measured"),
    .init(
        "expect: hit }", "expect: fire }",
        "p0.yaml:26:52: expected one of hit, no_hit, not_evaluated, error, found 'fire'"),
    .init(
        "tx.amount: 100000001", "tx.amount: much",
        "p0.yaml:26:31: expected a whole number, found 'much'"),
    .init(
        "tx.amount: 100000001", "tx.amount: 100000000",
        "p0.yaml:26:9: the test of TST-001 expects hit, found no_hit; change the condition, or write "
            + "'expect: no_hit'"),
    .init(
        "missing: [tx.amount]", "missing: [tx.amuont]",
        "p0.yaml:28:21: unknown fact 'tx.amuont'; nearest are tx.amount, tx.cop, tx.country"),
    .init(
        "      - { given: { tx.amount: 100000000 }, expect: no_hit }\n", "",
        "p0.yaml:26:7: a rule needs a test that expects no_hit"),
]
