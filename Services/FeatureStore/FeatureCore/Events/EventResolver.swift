internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// Holds events against the definitions: one pass, all problems together.
package struct EventResolver: Sendable {
    /// How far an event may lie in the store's future, for clocks that differ.
    static let maximumFuture: Int64 = 5_000

    let definitions: DefinitionSet
    let plans: [EventPlan]
    private let reader: FieldReader
    let keys: TenantKeys

    init(_ definitions: DefinitionSet, keys: TenantKeys) {
        self.definitions = definitions
        self.keys = keys
        plans = definitions.events.enumerated().map { EventPlan($1, at: $0, definitions) }
        reader = FieldReader(definitions)
    }

    /// An event that another one names.
    struct Reference: Hashable {
        /// Position among the references of the event's type.
        let position: Int
        let type: String
        let id: String
        /// The field that names it.
        let field: String
    }

    /// The events that an event names, for the store to look up; none for an unknown type.
    func references(of event: AssayFeaturesV1.Event) -> [Reference] {
        guard let type = definitions.event(named: event.type) else { return [] }
        let definition = definitions.events[type]
        return definition.references.enumerated().compactMap { position, reference in
            let field = definition.fields[reference.field].name
            guard case .text(let id)? = event.fields[field], !id.isEmpty else { return nil }
            return Reference(
                position: position, type: definitions.events[reference.event].name, id: id,
                field: field)
        }
    }

    /// Whether nothing is wrong with an event but that those it names were not found.
    func lacksOnlyReferences(_ scoring: Scoring) -> Bool {
        let definition = definitions.events[scoring.resolved.type]
        return scoring.resolved.furtherProblems == 0
            && references(of: scoring.event).count == definition.references.count
            && scoring.resolved.problems.allSatisfy {
                $0.policy == .flag || $0.rule == EventProblem.Rule.reference
            }
    }

    /// Throws INVALID_ARGUMENT, with everything that is wrong, for a type or field that does not
    /// exist; otherwise what is wrong is a problem of the result.
    ///
    /// - Parameters:
    ///   - references: the events that it names, as they were recorded.
    ///   - conversions: amounts as they were converted when the event came; empty for a new one.
    ///   - received: ingest time in milliseconds; nil for an event of the log, which was checked
    ///     when it came and may have fields that are no longer defined.
    func resolve(
        _ event: AssayFeaturesV1.Event, tenant: String,
        references: [AssayFeaturesV1.Event] = [],
        conversions: [ResolvedEvent.Conversion] = [], received: Int64?
    ) throws(RPCError) -> ResolvedEvent {
        guard let type = definitions.event(named: event.type) else {
            let hint = NearestName.hint(event.type, among: definitions.events.map(\.name))
            throw .invalid([
                FieldViolation(
                    field: "/event/type",
                    description: "there is no event type \"\(event.type)\"\(hint)")
            ])
        }
        let plan = plans[type]
        let key = keys.key(of: tenant)
        var pass = EventPass(
            plan: plan, reader: reader, key: key, conversions: conversions,
            isNew: received != nil,
            event: ResolvedEvent(
                type: type, time: event.time.millisecondsSinceEpoch,
                fields: plan.definition.fields.count, key: key))
        if let received { pass.checkTimes(event.time.millisecondsSinceEpoch, received) }
        pass.take(event)
        for (position, reference) in plan.definition.references.enumerated() {
            pass.copy(reference, at: position, from: references, plans)
        }
        pass.complete()
        if pass.isNew, !pass.unknown.isEmpty { throw unknown(pass, event.type) }
        return pass.event
    }

    private func unknown(_ pass: EventPass, _ type: String) -> RPCError {
        let names = pass.plan.given.map(\.name)
        let unknown = pass.unknown.map { name in
            FieldViolation(
                field: "/event/fields/\(name)",
                description: "event type \"\(type)\" has no field \"\(name)\""
                    + NearestName.hint(name, among: names))
        }
        let others = pass.event.problems.map {
            FieldViolation(field: $0.path, description: $0.text)
        }
        return .invalid(unknown + others)
    }
}
