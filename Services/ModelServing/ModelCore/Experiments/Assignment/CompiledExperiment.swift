internal import AssayMessages
internal import RuleLanguage
internal import Statistics
internal import Wire

/// One experiment of the table: draws, bounds and condition made ready.
struct CompiledExperiment: Sendable {
    typealias Assignment = AssayModelsV1.Assignment

    struct Holdout: Sendable {
        var number: Int
        /// Basis points that are held out.
        var share: Int
        var draw: BucketDraw
    }

    private struct Arm: Sendable {
        var name: String
        var version: UInt32
        var propensity: Double
        /// The first arm bucket that is not its own any more.
        var end: Int
    }

    /// What finds it: its model and alias.
    let traffic: String
    var name: String { specification.experiment }
    /// The version of its control.
    var controlVersion: UInt32 { arms.isEmpty ? 0 : arms[control].version }
    private let specification: AssayModelsV1.ExperimentSpecification
    private let state: RunningExperiment.State
    private let layer: Int
    private let layerDraw: BucketDraw
    private let allocationDraw: BucketDraw
    private let armDraw: BucketDraw
    private let slot: Range<Int>
    private let allocated: Int
    private let arms: [Arm]
    private let control: Int
    /// By the bytes of the unit: texts that only look alike are two units, as in the draws.
    private let overrides: [[UInt8]: Int]
    private let holdouts: [Holdout]
    private let targeting: Targeting?
    private let tokens: AssignmentTokens?

    init(
        _ experiment: RunningExperiment, layer: Int, holdouts: [Holdout]
    ) throws(CompilationFailure) {
        let specification = experiment.specification
        self.specification = specification
        self.holdouts = holdouts
        self.layer = layer
        state = experiment.state
        traffic = AssignmentTable.traffic(specification.model, specification.alias)
        let seed = "\(specification.experiment):\(specification.epoch)"
        layerDraw = BucketDraw(.layer, seed: specification.layer)
        allocationDraw = BucketDraw(.allocate, seed: seed)
        armDraw = BucketDraw(.arm, seed: seed)
        let points = Bucketing.bucketsPerBasisPoint
        let (from, to) = (Int(specification.slots.from), Int(specification.slots.to))
        slot = from * points..<max(from, to) * points
        allocated = Int(experiment.allocation) * points
        var end = 0
        arms = specification.arms.map { arm in
            end += Int(arm.weight) * points
            return Arm(
                name: arm.name, version: arm.version,
                propensity: Double(arm.weight) / Double(ExperimentLimits.basisPoints), end: end)
        }
        control = specification.arms.firstIndex(where: \.control) ?? 0
        let positions = Dictionary(
            arms.indices.map { (specification.arms[$0].name, $0) }, uniquingKeysWith: { a, _ in a })
        overrides = Dictionary(
            specification.overrides.compactMap { override in
                positions[override.arm].map { (Array(override.unit.utf8), $0) }
            }, uniquingKeysWith: { a, _ in a })
        targeting =
            specification.targeting.isEmpty
            ? nil : try Targeting(specification.targeting, attributes: specification.attributes)
        tokens =
            specification.sticky == .token
            ? AssignmentTokens(
                experiment: specification.experiment, epoch: specification.epoch,
                secret: experiment.secret) : nil
    }

    /// Where a call ends.
    private enum Exit {
        case without(AssayModelsV1.AssignmentReason)
        case arm(Int, AssayModelsV1.AssignmentReason)
    }

    func assign(
        _ call: AssignmentCall, _ draws: inout SharedDraws, _ undecided: inout [String]
    ) -> Assignment {
        var found = Assignment(
            experiment: specification.experiment, revision: specification.revision,
            epoch: specification.epoch)
        switch exit(call, &draws, &undecided, &found) {
        case .without(let reason): found.reason = reason
        case .arm(let position, let reason):
            found.reason = reason
            found.arm = arms[position].name
            found.version = arms[position].version
            found.propensity = arms[position].propensity
            if let tokens, reason == .assigned || reason == .token {
                found.token = tokens.token(arm: found.arm, unit: found.unitHash)
            }
        }
        return found
    }

    /// The exits in their order, each with its reason.
    private func exit(
        _ call: AssignmentCall, _ draws: inout SharedDraws, _ undecided: inout [String],
        _ found: inout Assignment
    ) -> Exit {
        if state == .stopped { return .without(.notRunning) }
        guard let (kind, unit) = unit(of: call, &found) else { return .without(.noUnit) }
        found.unitKind = kind
        if let (position, reason) = forced(call, unit) {
            if state == .controlled { return .arm(control, .controlled) }
            found.unitHash = armDraw.hash(kind: kind, unit: unit)
            return .arm(position, reason)
        }
        switch targeting?.verdict(call.attributes) {
        case nil, .holds: break
        case .fails, .missing: return .without(.notTargeted)
        case .failed:
            undecided.append(specification.experiment)
            return .without(.notTargeted)
        }
        for holdout in holdouts {
            let bucket = draws.holdout(holdout.number, kind) {
                holdout.draw.bucket(kind: kind, unit: unit)
            }
            if bucket < holdout.share * Bucketing.bucketsPerBasisPoint {
                return .without(.holdout)
            }
        }
        let layerBucket = draws.layer(layer, kind) { layerDraw.bucket(kind: kind, unit: unit) }
        found.layerBucket = UInt32(layerBucket)
        guard slot.contains(layerBucket) else { return .without(.outsideSlot) }
        let bucket = allocationDraw.bucket(kind: kind, unit: unit)
        found.allocationBucket = UInt32(bucket)
        guard bucket < allocated else { return .without(.notAllocated) }
        if state == .controlled { return .arm(control, .controlled) }
        return drawn(kind, unit, call, &found)
    }

    /// By token, or by the draw of the arm.
    private func drawn(
        _ kind: String, _ unit: String, _ call: AssignmentCall, _ found: inout Assignment
    ) -> Exit {
        if let token = tokens?.first(of: call.tokens),
            let position = arms.firstIndex(where: { $0.name == token.arm })
        {
            found.unitHash = token.unit
            return .arm(position, .token)
        }
        let hash = armDraw.hash(kind: kind, unit: unit)
        let bucket = Bucketing.bucket(hash)
        found.unitHash = hash
        found.armBucket = UInt32(bucket)
        return .arm(arms.firstIndex { bucket < $0.end } ?? control, .assigned)
    }

    // MARK: Who

    private func unit(
        of call: AssignmentCall, _ found: inout Assignment
    ) -> (kind: String, unit: String)? {
        if let unit = call.subjects[specification.unit], !unit.isEmpty {
            return (specification.unit, unit)
        }
        guard !specification.unitFallback.isEmpty,
            let unit = call.subjects[specification.unitFallback], !unit.isEmpty
        else { return nil }
        found.fallback = true
        return (specification.unitFallback, unit)
    }

    private func forced(
        _ call: AssignmentCall, _ unit: String
    ) -> (position: Int, reason: AssayModelsV1.AssignmentReason)? {
        if let forced = call.forced, forced.experiment == specification.experiment,
            let position = arms.firstIndex(where: { $0.name == forced.arm })
        {
            return (position, .forced)
        }
        if overrides.isEmpty { return nil }
        return overrides[Array(unit.utf8)].map { ($0, .overridden) }
    }
}

extension AssayModelsV1.Assignment {
    /// Whether the unit met the arm: what analysis counts, or excludes as forced.
    var isExposure: Bool {
        switch reason {
        case .assigned, .token, .forced, .overridden: true
        default: false
        }
    }
}
