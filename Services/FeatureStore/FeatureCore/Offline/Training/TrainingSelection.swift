internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// A plan that was held against the definitions: which rows it takes.
struct TrainingSelection {
    /// Entities at a moment.
    struct Point {
        /// Its place in the plan, from 1.
        let number: Int
        let entities: [EntityReference]
        let time: Int64
    }

    let plan: AssayFeaturesV1.TrainingPlan
    let vector: VectorDefinition
    /// Of the label events.
    let labelType: Int?
    /// Ascending by time.
    let points: [Point]
    private let types: Set<String>
    private let span: Range<Int64>
    private let ids: Set<String>

    /// Throws INVALID_ARGUMENT with all that is wrong with the plan.
    init(
        _ plan: AssayFeaturesV1.TrainingPlan, _ definitions: DefinitionSet,
        _ vectors: VectorReader, _ pipeline: EventPipeline, tenant: String
    ) throws(RPCError) {
        self.plan = plan
        vector = try vectors.find(plan.vector)
        var wrong: [FieldViolation] = []
        func check(_ holds: Bool, _ field: String, _ message: String) {
            if !holds { wrong.append(FieldViolation(field: field, description: message)) }
        }
        func type(_ name: String, _ field: String) -> Int? {
            let found = definitions.event(named: name)
            let hint = NearestName.hint(name, among: definitions.events.map(\.name))
            check(found != nil, field, "there is no event type \"\(name)\"\(hint)")
            return found
        }
        check(plan.mode != .unspecified, "/plan/mode", "say as_known or as_corrected")
        check(plan.format != .unspecified, "/plan/format", "say csv or json_lines")
        check(plan.samplePerMillion <= 1_000_000, "/plan/sample_per_million", "is over a million")
        labelType = plan.label.flatMap { type($0.eventType, "/plan/label/event_type") }
        var (types, span, ids, points) = (
            Set<String>(), Int64.min..<Int64.min, Set<String>(), [Point]()
        )
        switch plan.rows {
        case .ids(let named): ids = Set(named.ids)
        case .events(let events):
            types = Set(events.types.filter { type($0, "/plan/rows/events/types") != nil })
            let (from, until) = (
                events.from.millisecondsSinceEpoch, events.until.millisecondsSinceEpoch
            )
            check(from < until, "/plan/rows/events/until", "is not after from")
            span = from..<max(from, until)
        case .points(let named):
            check(plan.label == nil, "/plan/label", "points have no labels")
            for (index, point) in named.points.enumerated() {
                let field = "/plan/rows/points/points/\(index)"
                let time = point.time.millisecondsSinceEpoch
                check((0...EngineEvent.latestTime).contains(time), field, "is before 1970")
                // Keys as a read of a vector takes them.
                var inputs = VectorInputReader(
                    pipeline, tenant: tenant, time: point.time, eventType: "")
                let entities = inputs.read(keys: point.keys, tx: [:], at: field).entities
                wrong += inputs.violations
                points.append(Point(number: index + 1, entities: entities, time: time))
            }
            points.sort { $0.time < $1.time }
        default: check(false, "/plan/rows", "say which rows")
        }
        guard wrong.isEmpty else { throw .invalid(wrong) }
        self.types = types
        self.span = span
        self.ids = ids
        self.points = points
    }

    /// How many ids were named; nil if the rows are not named by ids.
    var idCount: Int? { ids.isEmpty ? nil : ids.count }

    func takes(_ row: AssayFeaturesV1.LogRow) -> Bool {
        ids.contains(row.event.id)
            || types.contains(row.event.type)
                && span.contains(row.event.time.millisecondsSinceEpoch)
    }

    /// Whether the sample has the event: its id decides, the same in every training set.
    func samples(_ id: String) -> Bool {
        guard plan.samplePerMillion > 0, plan.samplePerMillion < 1_000_000 else { return true }
        let hash = Hash.sha256(id).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return hash % 1_000_000 < UInt64(plan.samplePerMillion)
    }

    /// The columns before the features.
    var leadingNames: [String] {
        var names = plan.rows.isPoints ? ["point", "time"] : ["id", "sequence", "time"]
        if plan.label != nil { names.append("label") }
        return names
    }
}

extension AssayFeaturesV1.TrainingRows {
    var isPoints: Bool { if case .points = self { true } else { false } }
}
