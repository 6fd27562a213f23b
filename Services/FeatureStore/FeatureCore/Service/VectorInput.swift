internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// What a vector is read of where there is no event: entities by their keys, and perhaps fields that
/// an event would have.
struct VectorInput {
    let entities: [EntityReference]
    /// Nil without fields.
    let event: ResolvedEvent?
}

/// Makes inputs of the rows of a call, and gathers all that is wrong with them.
struct VectorInputReader {
    static let maximumViolations = 64

    let pipeline: EventPipeline
    let tenant: String
    /// The moment to read at, in milliseconds.
    let time: Timestamp
    /// Of the fields.
    let eventType: String
    private(set) var violations: [FieldViolation] = []

    init(_ pipeline: EventPipeline, tenant: String, time: Timestamp, eventType: String) {
        self.pipeline = pipeline
        self.tenant = tenant
        self.time = time
        self.eventType = eventType
    }

    /// Throws INVALID_ARGUMENT with everything that was found.
    func check() throws(RPCError) {
        guard !violations.isEmpty else { return }
        throw .invalid(Array(violations.prefix(Self.maximumViolations)))
    }

    private mutating func report(_ field: String, _ description: String) {
        guard !violations.contains(where: { $0.field == field }) else { return }
        violations.append(FieldViolation(field: field, description: description))
    }

    /// - Parameter path: of the row that has the keys and the fields.
    mutating func read(
        keys: WireMap<String, String>, tx: WireMap<String, AssayFeaturesV1.FieldValue>,
        at path: String = ""
    ) -> VectorInput {
        let named = entities(keys, "\(path)/keys")
        guard !tx.isEmpty, let event = resolve(tx, path) else {
            return VectorInput(entities: named, event: nil)
        }
        var entities = event.entities(pipeline.definitions, tenant: tenant)
        for entity in named {
            guard let same = entities.first(where: { $0.entity == entity.entity }) else {
                entities.append(entity)
                continue
            }
            if same.key != entity.key {
                let name = pipeline.definitions.entities[entity.entity].name
                report("\(path)/keys/\(name)", "is not the \(name) that the fields of tx name")
            }
        }
        return VectorInput(entities: entities, event: event)
    }

    // MARK: Fields

    /// What is given must be right; nothing must be given.
    private mutating func resolve(
        _ tx: WireMap<String, AssayFeaturesV1.FieldValue>, _ path: String
    ) -> ResolvedEvent? {
        guard !eventType.isEmpty else {
            report("/event_type", "say which event type the fields of tx are of")
            return nil
        }
        let event: ResolvedEvent
        do {
            event = try pipeline.resolver.resolve(
                AssayFeaturesV1.Event(type: eventType, time: time, fields: tx), tenant: tenant,
                received: time.millisecondsSinceEpoch)
        } catch {
            for violation in error.violations {
                report(Self.place(violation.field, path), violation.description)
            }
            return nil
        }
        for problem in event.problems
        where problem.policy > .flag && problem.rule != EventProblem.Rule.required
            && problem.path.hasPrefix("/event/fields/")
        {
            report(Self.place(problem.path, path), problem.text)
        }
        return event
    }

    /// Where the caller put what stands there in an event.
    private static func place(_ field: String, _ path: String) -> String {
        if field == "/event/type" { return "/event_type" }
        let prefix = "/event/fields/"
        return field.hasPrefix(prefix) ? "\(path)/tx/\(field.dropFirst(prefix.count))" : field
    }

    // MARK: Keys

    /// An entity's key stands under the entity's name, the parts of a composite one under
    /// `<entity>.<part>`.
    private mutating func entities(
        _ keys: WireMap<String, String>, _ path: String
    ) -> [EntityReference] {
        let definitions = pipeline.definitions
        var parts: [Int: [String: String]] = [:]
        for entry in keys {
            let names = entry.key.split(separator: ".", maxSplits: 1).map(String.init)
            guard let name = names.first, let entity = definitions.entity(named: name),
                let part = names.count == 2 ? names[1] : definitions.entities[entity].onlyPart,
                definitions.entities[entity].key.contains(part)
            else {
                reportUnknown(entry.key, path)
                continue
            }
            if !entry.value.isEmpty { parts[entity, default: [:]][part] = entry.value }
        }
        return parts.sorted { $0.key < $1.key }.compactMap { entity, given in
            let definition = definitions.entities[entity]
            let key = definition.key.compactMap { given[$0] }
            guard key.count == definition.key.count else { return nil }
            return EntityReference(
                tenant: tenant, entity: entity, role: "",
                key: pipeline.keys.key(of: tenant).pid(entity: definition.name, parts: key),
                touches: 0)
        }
    }

    private mutating func reportUnknown(_ key: String, _ path: String) {
        let names = pipeline.definitions.entities.flatMap { entity in
            entity.onlyPart != nil ? [entity.name] : entity.key.map { "\(entity.name).\($0)" }
        }
        report(
            "\(path)/\(key)",
            "there is no entity \"\(key)\"\(NearestName.hint(key, among: names))")
    }
}

extension EntityDefinition {
    /// The part of a key that has one part.
    fileprivate var onlyPart: String? { key.count == 1 ? key[0] : nil }
}

extension RPCError {
    /// The fields that a caller is told to look at.
    var violations: [FieldViolation] {
        details.flatMap { detail -> [FieldViolation] in
            if case .badRequest(let violations) = detail { violations } else { [] }
        }
    }
}
