internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// Says where the value of a feature comes from: what it is computed from, the tiles that were read,
/// the events in them.
struct Explanation {
    static let maximumEvents = 10_000
    /// Events of the entities that are gone through, and held in memory meanwhile.
    static let maximumHistory = 100_000
    static let maximumTiles = 4_096
    static let maximumInputs = 64
    static let maximumInputTiles = 256
    static let maximumInputEvents = 1_000

    private var moment: ExplainedMoment
    private let position: Int
    private let purposes: [Purpose]

    private var definitions: DefinitionSet { moment.definitions }

    /// - Parameter purposes: inputs that are for none of them are named, and withheld.
    static func explain(
        _ request: AssayFeaturesV1.ExplainRequest, for purposes: [Purpose], log: EventLog,
        tenant: String, now: Int64, maximumHistory: Int = Explanation.maximumHistory
    ) throws -> AssayFeaturesV1.ExplainResponse {
        var explanation = try Explanation(
            request, for: purposes, log: log, tenant: tenant, now: now,
            maximumHistory: maximumHistory)
        return try explanation.response()
    }

    private init(
        _ request: AssayFeaturesV1.ExplainRequest, for purposes: [Purpose], log: EventLog,
        tenant: String, now: Int64, maximumHistory: Int
    ) throws {
        self.purposes = purposes
        position = try log.pipeline.definitions.features.position(of: request.feature)
        moment = try ExplainedMoment(
            request, in: log, tenant: tenant, now: now, maximumHistory: maximumHistory)
    }

    private mutating func response() throws -> AssayFeaturesV1.ExplainResponse {
        let feature = definitions.features.features[position]
        switch feature.source {
        case .state(let entity, let read): return try stateResponse(entity, read)
        case .derived: return try derivedResponse()
        }
    }

    // MARK: A feature of a state

    private mutating func stateResponse(
        _ entity: Int, _ read: FeatureRead
    ) throws -> AssayFeaturesV1.ExplainResponse {
        guard let reference = moment.entity(entity, role: nil) else {
            throw RPCError.invalid([
                FieldViolation(
                    field: "/keys",
                    description: "name the \(definitions.entities[entity].name) of the feature")
            ])
        }
        var trace = ExplainedTrace(try moment.history(of: reference), reference, moment)
        let value = trace.read(read)
        let ids = trace.ids
        return AssayFeaturesV1.ExplainResponse(
            value: value.number, status: UInt32(value.status.byte),
            asOf: Timestamp(milliseconds: trace.time), entity: definitions.entities[entity].name,
            version: trace.version, tiles: trace.messages(Self.maximumTiles),
            eventIds: Array(ids.prefix(Self.maximumEvents)), events: UInt64(ids.count),
            definitionSet: definitions.hash)
    }

    // MARK: A computed feature

    private mutating func derivedResponse() throws -> AssayFeaturesV1.ExplainResponse {
        let features = definitions.features
        let roles = features.entities(of: position)
        if !roles.isEmpty, moment.entities.isEmpty {
            let names = Set(roles.map { definitions.entities[$0.entity].name }).sorted()
            throw RPCError.invalid([
                FieldViolation(
                    field: "/keys",
                    description: "name what the feature reads: \(names.joined(separator: ", "))")
            ])
        }
        let inputs = inputs()
        let computed =
            [position]
            + inputs.compactMap { input in
                if case .feature(let feature) = input.source, isDerived(feature) {
                    feature
                } else {
                    nil
                }
            }
        let read = try values(of: computed, roles)
        var messages: [AssayFeaturesV1.ExplainedInput] = []
        var ids: [UInt64: String] = [:]
        for input in inputs {
            var message: AssayFeaturesV1.ExplainedInput
            if !definitions.shows(input.source, for: purposes) {
                message = AssayFeaturesV1.ExplainedInput(
                    kind: input.source.kind, value: FeatureValue.missing,
                    status: UInt32(Status(.withheld).byte))
            } else if case .feature(let feature) = input.source,
                let column = computed.dropFirst().firstIndex(of: feature)
            {
                message = AssayFeaturesV1.ExplainedInput(
                    name: input.name, kind: "derived", value: read.values[column],
                    status: UInt32(read.status[column]))
            } else {
                message = try explain(input, &ids)
            }
            message.name = input.name.limited(to: 128)
            if messages.count < Self.maximumInputs { messages.append(message) }
        }
        let ordered = ids.sorted { $0.key < $1.key }.map(\.value)
        return AssayFeaturesV1.ExplainResponse(
            value: read.values[0], status: UInt32(read.status[0]),
            asOf: Timestamp(milliseconds: read.time),
            eventIds: Array(ordered.prefix(Self.maximumEvents)), events: UInt64(ordered.count),
            definitionSet: definitions.hash, inputs: messages)
    }

    private func isDerived(_ feature: Int) -> Bool {
        if case .derived = definitions.features.features[feature].source { true } else { false }
    }

    /// What the feature reads, and behind each computed one what that reads, each once.
    private func inputs() -> [FeatureInput] {
        struct Key: Hashable {
            let source: FactSource
            let role: String?
        }
        var seen: Set<Key> = []
        var found: [FeatureInput] = []
        func add(_ feature: Int) {
            for input in definitions.features.inputs(of: feature) {
                guard seen.insert(Key(source: input.source, role: input.role)).inserted else {
                    continue
                }
                found.append(input)
                if case .feature(let next) = input.source { add(next) }
            }
        }
        add(position)
        return found
    }

    /// The computed features, from the entities as the moment finds them.
    private mutating func values(
        of features: [Int], _ roles: Set<EntityRole>
    ) throws -> VectorValues {
        let types = Set(roles.map(\.entity))
        var readings: [EntityReading] = []
        for entity in moment.entities where types.contains(entity.entity) {
            let state = try moment.history(of: entity).state
            readings.append(moment.log.pipeline.reading(entity, state, at: moment.time))
        }
        return moment.log.pipeline.vectors.values(
            ofFeatures: features, event: moment.event, readings: readings, time: moment.time)
    }

    /// What is not computed. The ids of its events join those of the others.
    private mutating func explain(
        _ input: FeatureInput, _ ids: inout [UInt64: String]
    ) throws -> AssayFeaturesV1.ExplainedInput {
        var entity = input.source.entity
        if case .feature(let feature) = input.source,
            case .state(let own, _) = definitions.features.features[feature].source
        {
            entity = own
        }
        guard let entity else { return moment.explain(input) }
        let name = definitions.entities[entity].name
        guard let reference = moment.entity(entity, role: input.role) else {
            return AssayFeaturesV1.ExplainedInput(
                kind: input.source.kind, value: FeatureValue.missing,
                status: UInt32(Status(.absent).byte), entity: name)
        }
        var trace = ExplainedTrace(try moment.history(of: reference), reference, moment)
        let value = trace.read(input.source)
        ids.merge(trace.named) { first, _ in first }
        return AssayFeaturesV1.ExplainedInput(
            kind: input.source.kind, value: value.number, status: UInt32(value.status.byte),
            entity: name, version: trace.version, tiles: trace.messages(Self.maximumInputTiles),
            eventIds: Array(trace.ids.prefix(Self.maximumInputEvents)),
            events: UInt64(trace.ids.count))
    }
}

extension FeatureSet {
    /// Of a feature by its full name or its shorter one. Throws NOT_FOUND.
    func position(of name: String) throws(RPCError) -> Int {
        if let position = feature(named: name) { return position }
        let hint = NearestName.hint(name, among: features.map(\.name))
        throw RPCError(
            .notFound, "there is no feature \"\(name)\"\(hint)", reason: "FEATURE_NOT_FOUND")
    }
}

extension DefinitionSet {
    /// Whether something that an expression reads may be shown for one of the purposes. What is
    /// personal in an event is for none by itself.
    fileprivate func shows(_ source: FactSource, for purposes: [Purpose]) -> Bool {
        switch source {
        case .readTime, .eventTime: return true
        case .field(let positions):
            return zip(events, positions).allSatisfy { event, position in
                position.map { event.fields[$0].personal == nil } ?? true
            }
        case .feature, .register, .table, .recent, .counts:
            guard let documentation = documentation(of: source) else { return false }
            return purposes.contains(where: documentation.allows)
        }
    }
}

extension ExplainedMoment {
    /// A field of the event at hand, or the time.
    fileprivate func explain(_ input: FeatureInput) -> AssayFeaturesV1.ExplainedInput {
        func message(_ value: Double?, isThere: Bool) -> AssayFeaturesV1.ExplainedInput {
            AssayFeaturesV1.ExplainedInput(
                kind: input.source.kind, value: value ?? FeatureValue.missing,
                status: UInt32(Status(isThere ? .present : .absent).byte))
        }
        switch input.source {
        case .readTime: return message(Double(time) / 1_000, isThere: true)
        case .eventTime:
            return message(event.map { Double($0.time) / 1_000 }, isThere: event != nil)
        case .field(let positions):
            guard let event, event.type < positions.count, let field = positions[event.type] else {
                return message(nil, isThere: false)
            }
            let type = definitions.events[event.type].fields[field].type
            return message(
                event.number(field, of: type),
                isThere: event.words[field] != nil || event.texts[field] != nil)
        default: return message(nil, isThere: false)
        }
    }
}

extension FactSource {
    fileprivate var kind: String {
        switch self {
        case .readTime, .eventTime: "time"
        case .field: "field"
        case .feature: "state"
        case .register: "register"
        case .table: "table"
        case .recent: "recent"
        case .counts: "counts"
        }
    }
}
