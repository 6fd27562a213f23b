internal import AssayMessages
internal import RPC
internal import Wire

/// Which status of a version follows which. Pure: the clock is an argument.
enum VersionLife {
    /// Who has said something of one version, at most.
    static let maximumPeople = 64
    /// How long an erased version can be taken back. Its bytes stay an hour longer, so that clocks of
    /// several processes may differ.
    static let regretMilliseconds: Int64 = 23 * 3_600_000

    /// How a version stands that nobody has said anything of.
    static func beginning(of version: AssayModelsV1.Version) -> AssayModelsV1.VersionState {
        AssayModelsV1.VersionState(
            model: version.model, version: version.number, status: .candidate,
            actor: version.uploader, changedAt: version.registeredAt)
    }

    /// The state with another status.
    ///
    /// - Throws: FAILED_PRECONDITION where the way does not exist, with the ways that do.
    static func move(
        _ state: AssayModelsV1.VersionState, to status: AssayModelsV1.VersionStatus,
        at time: Timestamp, by actor: String, reason: String
    ) throws(RPCError) -> AssayModelsV1.VersionState {
        if let why = refusal(state, status, at: time) {
            throw RPCError(
                .failedPrecondition,
                "\(state.model) version \(state.version) is \(state.status): \(why)",
                reason: "version_status")
        }
        var moved = state
        moved.status = status
        moved.reason = reason
        moved.actor = actor
        moved.changedAt = time
        return moved
    }

    /// The state after somebody said something. Nobody's word but the last one counts, and a
    /// suspension stays.
    static func judge(
        _ state: AssayModelsV1.VersionState, by approval: AssayModelsV1.Approval
    ) throws(RPCError) -> AssayModelsV1.VersionState {
        guard !state.hasEnded else {
            throw RPCError(
                .failedPrecondition,
                "\(state.model) version \(state.version) is \(state.status): nothing is decided of "
                    + "it any more", reason: "version_status")
        }
        var judged = state
        let known = judged.approvals.firstIndex { $0.person == approval.person }
        guard known != nil || approval.decision != .withdrawn else {
            throw RPCError(
                .failedPrecondition,
                "\(approval.person) has said nothing of version \(state.version) to withdraw",
                reason: "nothing_to_withdraw")
        }
        if let known {
            judged.approvals[known] = approval
        } else if judged.approvals.count < maximumPeople {
            judged.approvals.append(approval)
        } else {
            throw RPCError(
                .resourceExhausted,
                "\(maximumPeople) people have said something of version \(state.version) already",
                reason: "too_many_approvals")
        }
        if state.mayServe {
            judged.status = status(judgedBy: judged.approvals)
            judged.reason = approval.reason
            judged.actor = approval.person
            judged.changedAt = approval.time
        }
        return judged
    }

    /// What one person cannot do alone: lift the suspension of their own version that somebody else
    /// said, and erase what they retired.
    static func check(
        _ state: AssayModelsV1.VersionState, mayFollow before: AssayModelsV1.VersionState,
        of version: AssayModelsV1.Version
    ) throws(RPCError) {
        let place = "\(version.model) version \(version.number)"
        let person = state.actor.isEmpty ? "nobody" : state.actor
        switch (before.status, state.status) {
        case (.suspended, .candidate), (.suspended, .approved):
            guard state.actor == version.uploader, state.actor != before.actor else { return }
            throw RPCError(
                .permissionDenied,
                "\(person) uploaded \(place), and \(before.actor) suspended it: somebody else has to "
                    + "lift that", reason: "own_version")
        case (_, .erased):
            guard state.actor == before.actor else { return }
            throw RPCError(
                .permissionDenied,
                "\(person) retired \(place): somebody else has to erase it, for its bytes will be gone",
                reason: "own_retirement")
        default: return
        }
    }

    private static func refusal(
        _ state: AssayModelsV1.VersionState, _ to: AssayModelsV1.VersionStatus,
        at time: Timestamp
    ) -> String? {
        switch (state.status, to) {
        case (let from, _) where from == to: return "it is so already"
        case (.candidate, .suspended), (.approved, .suspended), (.candidate, .retired),
            (.approved, .retired), (.suspended, .retired), (.retired, .erased):
            return nil
        case (.suspended, .candidate), (.suspended, .approved):
            let judged = status(judgedBy: state.approvals)
            return judged == to
                ? nil : "by what people said of it, it would be \(judged) again; ask for that"
        case (.candidate, .approved): return "it becomes approved by an approval"
        case (.approved, .candidate): return "whoever approved it may withdraw that"
        case (.retired, _): return "what is retired stays so, and can only be erased"
        case (.erased, .retired):
            let passed = time.millisecondsSinceEpoch - state.changedAt.millisecondsSinceEpoch
            return passed < regretMilliseconds
                ? nil : "after 23 hours its model file is gone, or is about to go"
        case (.erased, _): return "it can only be taken back to retired, within 23 hours"
        case (_, .erased): return "only what is retired can be erased"
        default: return "expected suspended, retired, erased, or what it was before a suspension"
        }
    }

    /// Approved once somebody approves, as long as nobody's rejection stands.
    static func status(
        judgedBy approvals: [AssayModelsV1.Approval]
    ) -> AssayModelsV1.VersionStatus {
        let isRejected = approvals.contains { $0.decision == .rejected }
        let isApproved = approvals.contains { $0.decision == .approved }
        return isApproved && !isRejected ? .approved : .candidate
    }
}

extension AssayModelsV1.VersionState {
    /// Whether a version in this state may score anything.
    var mayServe: Bool { status == .candidate || status == .approved }

    /// Whether it never will again.
    var hasEnded: Bool { status == .retired || status == .erased }

    /// Why it may not: `it is suspended by ann: wrong labels`.
    var refusal: String {
        "it is \(status) by \(actor)" + (reason.isEmpty ? "" : ": \(reason)")
    }

    /// The version as this state shows it.
    func shown(_ version: AssayModelsV1.Version) -> AssayModelsV1.Version {
        var version = version
        version.status = status
        version.statusReason = mayServe ? "" : reason
        return version
    }
}
