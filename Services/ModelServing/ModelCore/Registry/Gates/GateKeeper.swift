internal import AssayMessages
internal import RPC

/// Decides whether an alias may move. Pure: everything it looks at is in the ``AliasMove``.
struct GateKeeper {
    typealias Result = AssayModelsV1.GateResult

    /// All gates, in the order of their numbers.
    private static let order: [AssayModelsV1.Gate] = [
        .parse, .signature, .golden, .compatible, .latency, .experiment, .card, .metrics, .fairness,
        .stability, .approval, .status,
    ]
    /// Those that a policy names or leaves out.
    static let optional: [AssayModelsV1.Gate] = [
        .compatible, .card, .metrics, .fairness, .stability,
    ]
    /// What a rollback goes without.
    static let skippedByRollback: Set<AssayModelsV1.Gate> = [
        .card, .metrics, .fairness, .stability, .approval,
    ]

    let move: AliasMove

    /// What each gate says that the alias asks for, in the order of their numbers.
    var results: [Result] {
        asked.map { gate in
            if move.isRollback, Self.skippedByRollback.contains(gate) {
                return Result(gate: gate, outcome: .skipped, finding: "a rollback goes without")
            }
            var result = look(at: gate)
            result.gate = gate
            result.finding = result.finding.cut(toBytes: 512)
            return result
        }
    }

    private var asked: [AssayModelsV1.Gate] {
        Self.order.filter { gate in
            switch gate {
            case .latency: move.policy.latencyMicroseconds > 0
            case .approval: move.policy.approvals > 0
            default: !Self.optional.contains(gate) || move.policy.gates.contains(gate)
            }
        }
    }

    private func look(at gate: AssayModelsV1.Gate) -> Result {
        switch gate {
        case .parse: parse
        case .signature: signature
        case .golden: golden
        case .compatible: CompatibleGate.result(move)
        case .latency: latency
        case .experiment: experiment
        case .card: CardGate.result(move)
        case .metrics: MetricsGate.result(move)
        case .fairness: FairnessGate.result(move)
        case .stability: stability
        case .approval: approval
        default: status
        }
    }

    // MARK: The artifact

    private var parse: Result {
        switch move.loaded {
        case .success: .passed("the file has its hash, and is read")
        case .failure(let failure):
            .failed(
                "version \(move.record.version.number) cannot be loaded: \(failure.reason); push "
                    + "the same file again, which repairs it, or choose another version")
        }
    }

    private var signature: Result {
        switch move.loaded {
        case .success(let version): .passed("\(version.signature.inputs.count) inputs agree")
        case .failure: .skipped("the version cannot be loaded")
        }
    }

    private var golden: Result {
        guard case .success(let version) = move.loaded else {
            return .skipped("the version cannot be loaded")
        }
        guard version.goldenRowCount >= move.policy.goldenRows else {
            return .failed(
                "version \(version.number) has \(version.goldenRowCount) golden rows; the alias "
                    + "\"\(move.alias)\" asks for \(move.policy.goldenRows): push the file again "
                    + "with more golden_rows in its manifest")
        }
        if version.isDegraded {
            return .passed(
                "\(version.goldenRowCount) rows, of the whole ensemble: an optional member is missing"
            )
        }
        return .passed("\(version.goldenRowCount) rows reproduced bit for bit")
    }

    private var latency: Result {
        guard case .success(let version) = move.loaded else {
            return .skipped("the version cannot be loaded")
        }
        let taken = version.warmUp.p99
        let budget = Duration.microseconds(Int64(move.policy.latencyMicroseconds))
        guard taken <= budget else {
            return .failed(
                "99 of 100 rows take up to \(taken.microsecondText); the alias allows "
                    + "\(budget.microsecondText): make the model smaller, or raise "
                    + "latency_microseconds in the alias's policy")
        }
        return .passed("99 of 100 rows take up to \(taken.microsecondText)")
    }

    // MARK: What people do

    private var experiment: Result {
        move.frozen.map { .failed($0.message) } ?? .passed("no experiment divides the alias")
    }

    private var status: Result {
        guard !move.state.mayServe else { return .passed("it is \(move.state.status)") }
        let remedy =
            move.state.hasEnded
            ? "choose another version" : "reinstate it first: assay models status"
        return .failed("\(move.state.refusal); \(remedy)")
    }

    private var stability: Result {
        guard let present = move.present?.version.number else {
            return .passed("nothing served under the alias before")
        }
        if present == move.record.version.number { return .passed("it serves already") }
        if let why = ReasonClause.text(of: "stability", in: move.reason) {
            return .passed("explained: \(why)")
        }
        let measured = move.evidence.filter { $0.populationStability != nil }
        if let worst = measured.max(by: { $0.shift < $1.shift }), worst.shift > Self.largestShift {
            return .failed(
                "by \(worst.source) the scores' population stability index is \(worst.shift), above "
                    + "\(Self.largestShift): say in the reason why they may move, as "
                    + "\"stability: …\"")
        }
        guard let found = measured.first ?? move.evidence.first else {
            return .failed(
                "neither a shadow of at least \(Self.leastShadowedCalls) calls nor an experiment "
                    + "has compared its scores with those of the "
                    + "version that serves: run one, or say in the reason why they may move, as "
                    + "\"stability: …\"")
        }
        return .passed("shown by \(found.source)")
    }

    /// Calls that a shadow must have scored before it shows anything.
    static let leastShadowedCalls = 200
    /// The largest population stability index that needs no explanation.
    static let largestShift = 0.25

    private var approval: Result {
        let uploader = move.record.version.uploader
        let rejected = move.state.approvals.filter { $0.decision == .rejected }.map(\.person)
        guard rejected.isEmpty else {
            return .failed(
                "rejected by \(rejected.joined(separator: ", ")): a rejection stands until who "
                    + "rejected it approves or withdraws")
        }
        let people = move.state.approvals.filter { $0.decision == .approved }.map(\.person)
            .filter { $0 != uploader && $0 != move.mover }
        let needed = Int(move.policy.approvals)
        guard people.count >= needed else {
            return .failed(
                "\(people.count) of \(needed) approvals by people other than \(uploader), who "
                    + "uploaded it, and \(move.mover), who asks for the move: assay models approve "
                    + "--model \(move.model) --version \(move.record.version.number)")
        }
        return .passed("approved by \(people.joined(separator: ", "))")
    }
}

extension AliasMove.Evidence {
    fileprivate var shift: Double { populationStability ?? 0 }
}

extension AssayModelsV1.GateResult {
    static func passed(_ finding: String) -> Self { .init(outcome: .passed, finding: finding) }
    static func failed(_ finding: String) -> Self { .init(outcome: .failed, finding: finding) }
    static func skipped(_ finding: String) -> Self { .init(outcome: .skipped, finding: finding) }
}

extension GateKeeper {
    /// What the gates said of a version that could be registered at all.
    static func registration(of version: ServingVersion) -> [Result] {
        var results: [Result] = [
            .passed("the file is read"), .passed("\(version.signature.inputs.count) inputs agree"),
            .passed("\(version.goldenRowCount) rows reproduced bit for bit"),
        ]
        for (index, gate) in [AssayModelsV1.Gate.parse, .signature, .golden].enumerated() {
            results[index].gate = gate
        }
        return results
    }

    /// FAILED_PRECONDITION with every gate that failed; nil if none did.
    static func refusal(_ results: [Result], _ move: AliasMove) -> RPCError? {
        let failed = results.filter { $0.outcome == .failed }
        guard let first = failed.first else { return nil }
        let texts = failed.map { "\($0.gate): \($0.finding)" }
        let count = failed.count == 1 ? "a gate" : "\(failed.count) gates"
        return RPCError(
            code: .failedPrecondition,
            message: "version \(move.record.version.number) may not become \(move.model)@"
                + "\(move.alias), \(count) failed: " + texts.joined(separator: "; "),
            reason: failed.count > 1 ? "gates" : reason(of: first.gate),
            details: [
                .badRequest(
                    failed.map {
                        FieldViolation(
                            field: "gates.\($0.gate)", description: $0.finding,
                            reason: reason(of: $0.gate))
                    })
            ])
    }

    private static func reason(of gate: AssayModelsV1.Gate) -> String {
        switch gate {
        case .parse: "version_damaged"
        case .golden: "golden_rows"
        case .experiment: "alias_frozen"
        case .status: "version_status"
        default: "gate_\(gate)"
        }
    }
}

extension Duration {
    /// `12.5 µs`.
    fileprivate var microsecondText: String {
        let tenths = Int64((self / .nanoseconds(100)).rounded(.up))
        return "\(tenths / 10).\(tenths % 10) µs"
    }
}
