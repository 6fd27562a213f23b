internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// Reads who paid whom from the event log, part by part.
struct PaymentEdges {
    /// Where an event type says who paid, and who was paid.
    private struct Source {
        let type: Int
        let payer: String
        let payee: String
        let payerIsOwn: Bool
        let payeeIsOwn: Bool
    }

    static let maximumEdges = 4_096
    /// Of one core: what it takes is not taken from payments.
    static let share = 0.25

    private let sources: [Source]
    private let times: Range<Int64>
    private let definitions: DefinitionSet
    private var steps: LogSteps

    /// Throws INVALID_ARGUMENT with all that is wrong, NOT_FOUND for a snapshot there is not.
    init(
        _ request: AssayFeaturesV1.ReadEdgesRequest, _ log: EventLog, tenant: String
    ) throws {
        definitions = log.pipeline.definitions
        let from = request.from.millisecondsSinceEpoch
        let until = request.until.millisecondsSinceEpoch
        var wrong: [FieldViolation] = []
        if from >= until {
            wrong.append(FieldViolation(field: "/until", description: "is not after from"))
        }
        let owner = definitions.entity(named: request.owner)
        if owner == nil {
            let hint = NearestName.hint(request.owner, among: definitions.entities.map(\.name))
            wrong.append(
                FieldViolation(
                    field: "/owner", description: "there is no entity \"\(request.owner)\"\(hint)"))
        }
        var sources: [Source] = []
        for (index, source) in request.sources.enumerated() {
            if let found = Self.source(source, owner, definitions, "/sources/\(index)", &wrong) {
                sources.append(found)
            }
        }
        guard wrong.isEmpty else { throw RPCError.invalid(wrong) }
        self.sources = sources
        times = from..<until
        // An event comes no sooner than it happens, but for clocks that differ.
        let first = try log.firstSequence(
            receivedFrom: from.addingClamped(-EventResolver.maximumFuture))
        steps = try LogSteps(
            log, after: max(first, 1) - 1, through: try log.lastSequence(), tenant: tenant,
            byEventTime: false)
    }

    private static func source(
        _ source: AssayFeaturesV1.EdgeSource, _ owner: Int?, _ definitions: DefinitionSet,
        _ path: String, _ wrong: inout [FieldViolation]
    ) -> Source? {
        guard let type = definitions.event(named: source.eventType) else {
            let hint = NearestName.hint(source.eventType, among: definitions.events.map(\.name))
            wrong.append(
                FieldViolation(
                    field: "\(path)/event_type",
                    description: "there is no event type \"\(source.eventType)\"\(hint)"))
            return nil
        }
        let definition = definitions.events[type]
        func isOwn(_ field: String, _ place: String) -> Bool {
            guard let position = definition.position(ofField: field),
                definition.fields[position].type == .string
            else {
                let texts = definition.fields.filter { $0.type == .string }.map(\.name)
                wrong.append(
                    FieldViolation(
                        field: "\(path)/\(place)",
                        description: "\(source.eventType) has no text \"\(field)\""
                            + NearestName.hint(field, among: texts)))
                return false
            }
            return definition.touches.contains { $0.entity == owner && $0.fields == [position] }
        }
        let (payer, payee) = (isOwn(source.payer, "payer"), isOwn(source.payee, "payee"))
        if let owner, wrong.isEmpty {
            // Of an entity's events whom it paid, and nothing else that is said of people.
            if !payer, !payee {
                wrong.append(
                    FieldViolation(
                        field: path,
                        description: "neither \(source.payer) nor \(source.payee) is the key of the"
                            + " \(definitions.entities[owner].name)"))
            }
            for (field, isOwn, place) in [
                (source.payer, payer, "payer"), (source.payee, payee, "payee"),
            ] where !isOwn {
                guard let position = definition.position(ofField: field),
                    let personal = definition.fields[position].personal
                else { continue }
                wrong.append(
                    FieldViolation(
                        field: "\(path)/\(place)",
                        description: "\(field) is personal data (\(personal))"))
            }
        }
        return Source(
            type: type, payer: source.payer, payee: source.payee, payerIsOwn: payer,
            payeeIsOwn: payee)
    }

    /// The next part: each edge once; nil at the end of the log.
    mutating func next(_ pacer: inout ProcessorPacer) async throws -> AssayFeaturesV1.EdgeChunk? {
        var edges: Set<AssayFeaturesV1.PaymentEdge> = []
        var isAtEnd = false
        while edges.count + sources.count <= Self.maximumEdges {
            guard let row = try steps.next() else {
                isAtEnd = true
                break
            }
            for edge in self.edges(of: row.event) { edges.insert(edge) }
            try await pacer.pay()
        }
        guard !(isAtEnd && edges.isEmpty) else { return nil }
        return AssayFeaturesV1.EdgeChunk(edges: Array(edges))
    }

    private func edges(of event: AssayFeaturesV1.Event) -> [AssayFeaturesV1.PaymentEdge] {
        guard times.contains(event.time.millisecondsSinceEpoch) else { return [] }
        return sources.compactMap { source in
            guard definitions.events[source.type].name == event.type,
                case .text(let payer)? = event.fields[source.payer], !payer.isEmpty,
                case .text(let payee)? = event.fields[source.payee], !payee.isEmpty
            else { return nil }
            return AssayFeaturesV1.PaymentEdge(
                payer: payer, payee: payee, payerIsOwn: source.payerIsOwn,
                payeeIsOwn: source.payeeIsOwn)
        }
    }
}
