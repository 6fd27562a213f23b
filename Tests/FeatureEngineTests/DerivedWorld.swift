import FeatureEngine
import RuleLanguage

/// Two entity types and everything that expressions may name of them.
///
/// Payments have an amount, a channel, a payee, a place and an offset from UTC; documents a key, a
/// status and an expiry; profiles a kind of business and a limit.
enum DerivedWorld {
    static let day: Int64 = 86_400_000
    static let channel = Category(name: "channel", labels: ["other", "online", "branch"])
    static let documentStatus = Category(name: "document_status", labels: ["other", "verified"])
    static let card = 0
    static let customer = 1
    static let payment = 0
    static let document = 1
    static let profile = 2

    static let events = [
        EventScope(
            name: "payment",
            fields: [
                FactDeclaration(name: "amount", type: .int, unit: .money),
                FactDeclaration(name: "channel", type: .category(channel)),
                FactDeclaration(name: "payee_id", type: .string),
                FactDeclaration(name: "place", type: .place),
                FactDeclaration(name: "utc_offset", type: .int),
                FactDeclaration(name: "kind", type: .string),
            ]),
        EventScope(
            name: "document",
            fields: [
                FactDeclaration(name: "document_id", type: .string),
                FactDeclaration(name: "status", type: .category(documentStatus)),
                FactDeclaration(name: "expires_at", type: .timestamp),
                FactDeclaration(name: "kind", type: .int),
            ]),
        EventScope(
            name: "profile",
            fields: [
                FactDeclaration(name: "business", type: .string),
                FactDeclaration(name: "limit", type: .int, unit: .money),
            ]),
    ]

    static let constants = ExpressionConstants(
        parameters: [
            "risk": Parameter(
                value: .map([
                    .init(key: .string("gambling"), value: .double(1)),
                    .init(key: .string("*"), value: .double(0.5)),
                ])),
            "large": Parameter(value: .int(10_000), unit: .money),
        ],
        lists: ["payees": TextSet(["alice", "bob"])])

    static let groups = [
        Group(
            tiers: [.hour, .day],
            measures: [
                Measure(sources: [Source(event: 0, values: [0])], statistics: .max, tiers: 0b11),
                Measure(sources: [Source(event: 0, values: [1])], classes: .code, tiers: 0b10),
                Measure(sources: [Source(event: 0, values: [0])], classes: .magnitude, tiers: 0b10),
            ],
            registers: [
                Register(
                    sources: [Source(event: 0, values: [0, 2, 3])],
                    values: [.integer, .hash, .place], remember: 30 * day)
            ],
            attributes: [
                Attribute(
                    sources: [Source(event: 0, values: [2])], remember: 30 * day, exact: 16,
                    sketchBits: 8)
            ],
            recents: [
                RecentList(
                    sources: [Source(event: 0, values: [0, 2])], values: [.integer, .hash],
                    rows: 4)
            ]),
        Group(
            registers: [
                Register(
                    sources: [Source(event: 2, values: [0, 1])], values: [.hash, .integer],
                    isSnapshot: true, maximumAge: 30 * day)
            ],
            tables: [
                KeyedTable(
                    sources: [Source(event: 1, values: [0, 1, 2])], values: [.code, .time],
                    rows: 4),
                KeyedTable(
                    sources: [Source(event: 0, touch: 1, values: [2, 0])],
                    terms: [[KeyedTable.Term(field: 0)]], values: [.integer], rows: 8),
            ]),
    ]

    /// Of payments the second account is that of the payee.
    static let touches = [
        [
            EntityRole(card, role: ""), EntityRole(customer, role: ""),
            EntityRole(card, role: "payee"),
        ],
        [EntityRole(customer, role: "")], [EntityRole(customer, role: "")],
    ]

    static let documents = RecordType(
        name: "documents",
        fields: [
            FactDeclaration(name: "document_id", type: .token),
            FactDeclaration(name: "status", type: .category(documentStatus)),
            FactDeclaration(name: "expires_at", type: .timestamp),
            FactDeclaration(name: "time", type: .timestamp),
        ], key: "document_id")

    static let payees = RecordType(
        name: "payees",
        fields: [
            FactDeclaration(name: "payee_id", type: .token),
            FactDeclaration(name: "last_amount", type: .int, unit: .money),
            FactDeclaration(name: "amount_sum", type: .int, unit: .money),
        ], key: "payee_id")

    static let payments = RecordType(
        name: "payments",
        fields: [
            FactDeclaration(name: "amount", type: .int, unit: .money),
            FactDeclaration(name: "payee_id", type: .token),
            FactDeclaration(name: "time", type: .timestamp),
        ])

    /// A builder that knows all of this and no derived feature yet.
    static func builder() -> FeatureSetBuilder {
        var builder = FeatureSetBuilder(constants: constants)
        builder.add(events)
        for (name, type, source) in facts {
            builder.add(
                NamedFact(
                    FactDeclaration(
                        name: name, type: type, unit: name.hasSuffix("limit") ? .money : nil,
                        maximumEntries: 8),
                    source, meaning: name))
        }
        for (name, aggregate, tier, defaultValue) in aggregates {
            builder.add(
                name, entity: card,
                .aggregate(
                    AggregateRead(
                        aggregate: aggregate, measure: 0, tier: tier,
                        window: groups[card].tiers[tier].span, defaultValue: defaultValue)),
                type: aggregate == .average ? .double : .int,
                unit: aggregate == .count ? .count : .money, meaning: name)
        }
        builder.add(
            "card_is_new_payee", entity: card,
            .attribute(AttributeRead(attribute: 0, aspect: .isNew, argument: [2, nil, nil])),
            type: .bool, meaning: "new payee")
        builder.add(
            "card_cnt_with_self", entity: card,
            .aggregate(
                AggregateRead(
                    aggregate: .count, measure: 0, tier: 1, window: day, includesSelf: true)),
            type: .int, unit: .count, meaning: "with self")
        return builder
    }

    private static let aggregates: [(String, Aggregate, Int, Double)] = [
        ("card_cnt_1h", .count, 0, 0), ("card_cnt_24h", .count, 1, 0),
        ("card_sum_24h", .sum, 1, 0), ("card_avg_24h", .average, 1, FeatureValue.missing),
        ("card_max_24h", .maximum, 1, FeatureValue.missing),
    ]

    private static let facts: [(String, ValueType, FactSource)] = [
        ("last_payment.amount", .int, .register(entity: card, register: 0, .value(0))),
        ("last_payment.payee_id", .token, .register(entity: card, register: 0, .value(1))),
        ("last_payment.place", .place, .register(entity: card, register: 0, .value(2))),
        ("last_payment.time", .timestamp, .register(entity: card, register: 0, .time)),
        ("profile.business", .token, .register(entity: customer, register: 0, .value(0))),
        ("profile.limit", .int, .register(entity: customer, register: 0, .value(1))),
        (
            "documents", .list(.record(documents)),
            .table(entity: customer, table: 0, [.key, .value(0), .value(1), .time])
        ),
        (
            "payees", .list(.record(payees)),
            .table(entity: customer, table: 1, [.key, .value(0), .sum(0)])
        ),
        (
            "payments", .list(.record(payments)),
            .recent(entity: card, list: 0, [.value(0), .value(1), .time])
        ),
        (
            "channels", .list(.int),
            .counts(entity: card, measure: 1, tier: 1, window: day, classes: 3)
        ),
        (
            "amounts", .histogram,
            .counts(entity: card, measure: 2, tier: 1, window: day, classes: nil)
        ),
        (
            "channel_counts", .map(.int, .int),
            .counts(entity: card, measure: 1, tier: 1, window: day, classes: nil)
        ),
    ]

    // MARK: Events

    static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    static func word(_ text: String?) -> Int64? { text.map { Int64(bitPattern: hash($0)) } }

    static func payment(
        at time: Int64, amount: Int64? = 1_000, channel: Int64 = 1, payee: String? = "alice",
        place: Int64? = nil, offset: Int64? = nil, kind: String? = nil
    ) -> EventInput {
        EventInput(
            EngineEvent(
                type: payment, time: time,
                values: [amount, channel, word(payee), place, offset, word(kind)]),
            texts: [nil, nil, payee, nil, nil, kind])
    }

    static func document(
        _ id: String, at time: Int64, status: Int64, expires: Int64
    ) -> EventInput {
        EventInput(
            EngineEvent(type: document, time: time, values: [word(id), status, expires, nil]),
            texts: [id, nil, nil, nil])
    }

    static func profile(at time: Int64, business: String, limit: Int64?) -> EventInput {
        EventInput(
            EngineEvent(type: profile, time: time, values: [word(business), limit]),
            texts: [business, nil])
    }
}

/// The states of a card and its customer, and vectors of derived features over them.
struct DerivedBench {
    var card = FeatureState(group: DerivedWorld.groups[0], groupHash: 1)
    var customer = FeatureState(group: DerivedWorld.groups[1], groupHash: 2)
    private var sequence: UInt64 = 0

    mutating func apply(_ input: EventInput) {
        sequence += 1
        if input.event.type == DerivedWorld.payment {
            _ = card.apply(input.event, touches: 1, sequence: sequence, delivery: .first)
            _ = customer.apply(input.event, touches: 2, sequence: sequence, delivery: .first)
        } else {
            _ = customer.apply(input.event, touches: 1, sequence: sequence, delivery: .first)
        }
    }

    /// The features that these expressions define, as `f0`, `f1`, ….
    static func plan(
        _ expressions: [(ValueType, String)], unit: Unit? = nil,
        defaultValue: Double = FeatureValue.missing, and others: [String] = []
    ) throws -> VectorPlan {
        var builder = DerivedWorld.builder()
        for (index, (type, text)) in expressions.enumerated() {
            builder.add(
                derived("f\(index)", type, text, unit: unit, defaultValue: defaultValue))
        }
        let set = builder.build()
        if let problem = builder.problems.first { throw DefinitionError([problem]) }
        let names = expressions.indices.map { "f\($0)" } + others
        return VectorPlan(
            [names.map { VectorColumn(name: $0, feature: set.feature(named: $0) ?? -1) }],
            of: set, groups: DerivedWorld.groups, touches: DerivedWorld.touches)
    }

    static func derived(
        _ name: String, _ type: ValueType, _ text: String, when condition: String? = nil,
        unit: Unit? = nil, role: String? = nil, defaultValue: Double = FeatureValue.missing
    ) -> DerivedFeature {
        let location = SourceLocation(file: "test.yaml", line: 3, column: 10)
        return DerivedFeature(
            name: Located(name, at: location), expression: Located(text, at: location),
            condition: condition.map { Located($0, at: location) }, type: type, unit: unit,
            role: role, defaultValue: defaultValue)
    }

    func read(
        _ plan: VectorPlan, _ input: EventInput, entities: Set<Int> = [0, 1],
        flags: Status.Flags = []
    ) -> VectorValues {
        plan.read { reading in
            reading.begin(
                input, tokens: TokenTexts(plan.texts, hash: DerivedWorld.hash))
            let isPayment = input.event.type == DerivedWorld.payment
            if entities.contains(0), isPayment { reading.read(card, touches: 1, flags: flags) }
            if entities.contains(1) { reading.read(customer, touches: isPayment ? 2 : 1) }
            return reading.finish()[0]
        }
    }

    /// The value and status of one expression.
    func value(
        _ type: ValueType, _ text: String, _ input: EventInput, entities: Set<Int> = [0, 1],
        flags: Status.Flags = []
    ) throws -> FeatureValue {
        let plan = try Self.plan([(type, text)])
        let vector = read(plan, input, entities: entities, flags: flags)
        var status = Status(.present)
        status.byte = vector.status[0]
        return FeatureValue(vector.values[0], status)
    }
}
