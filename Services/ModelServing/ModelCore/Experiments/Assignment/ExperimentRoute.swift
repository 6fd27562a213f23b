internal import AssayMessages
internal import RPC

/// Which version answers a call, as far as experiments have a say, and what each of them made of it.
struct ExperimentRoute {
    /// The version of the arm; nil if no experiment has an arm for the call.
    var version: UInt32?
    /// The version that answers if the arm's cannot; nil where that would be the same.
    var control: UInt32?
    var assignments: [AssayModelsV1.Assignment] = []
    /// Position of the assignment whose arm it is.
    private var chosen: Int?

    /// Experiments intercept calls that name an alias, or nothing; a call for a version gets it.
    ///
    /// - Parameter undecided: gets the names of experiments whose targeting erred.
    /// - Throws: NOT_FOUND for a forced arm that does not exist.
    init(
        _ request: AssayModelsV1.PredictRequest, in table: AssignmentTable,
        undecided: inout [String]
    ) throws(RPCError) {
        guard !table.isEmpty else {
            try Self.refuseForce(request.forceArm)
            return
        }
        let alias: String
        switch request.selector {
        case nil: alias = Predictor.defaultAlias
        case .alias(let name): alias = name
        default:
            try Self.refuseForce(request.forceArm)
            return
        }
        let traffic = AssignmentTable.traffic(request.model, alias)
        assignments = table.assign(
            AssignmentCall(
                subjects: request.subjects, attributes: request.attributes,
                forced: request.forceArm, tokens: request.tokens), to: traffic,
            undecided: &undecided)
        if let forced = request.forceArm { try check(forced) }
        // Experiments on one alias share a layer, so at most one has drawn the unit; an override or a
        // forced arm goes before that.
        chosen = assignments.indices.filter { !assignments[$0].arm.isEmpty }
            .min { Self.rank(assignments[$0].reason) < Self.rank(assignments[$1].reason) }
        guard let chosen else { return }
        version = assignments[chosen].version
        let control = table.control(of: assignments[chosen].experiment)
        if control != version { self.control = control }
        // Only the arm that answers was met.
        for index in assignments.indices where index != chosen && assignments[index].isExposure {
            assignments[index].arm = ""
            assignments[index].version = 0
            assignments[index].propensity = 0
            assignments[index].token = ""
            assignments[index].reason = .displaced
        }
    }

    /// Scores the call with the version of the arm. If that fails, control answers: by intention to
    /// treat the unit stays in its arm, and that is noted.
    ///
    /// - Parameter score: scores a request with the version that its selector picks.
    func answered(
        _ request: AssayModelsV1.PredictRequest,
        _ score: (AssayModelsV1.PredictRequest) async throws -> AssayModelsV1.PredictResponse
    ) async throws -> AssayModelsV1.PredictResponse {
        var assignments = assignments
        var picked = request
        if let version { picked.selector = .version(version) }
        var response: AssayModelsV1.PredictResponse
        do {
            response = try await score(picked)
        } catch {
            guard let control, let chosen, !Task.isCancelled else { throw error }
            picked.selector = .version(control)
            response = try await score(picked)
            assignments[chosen].controlAnswered = true
        }
        response.assignments = assignments
        return response
    }

    private func check(_ forced: AssayModelsV1.ForceArm) throws(RPCError) {
        guard let found = assignments.first(where: { $0.experiment == forced.experiment }) else {
            try Self.refuseForce(forced)
            return
        }
        guard [.forced, .noUnit, .notRunning, .controlled].contains(found.reason) else {
            throw RPCError(
                .notFound,
                "experiment \"\(forced.experiment)\" has no arm \"\(forced.arm)\"",
                reason: "arm_unknown")
        }
    }

    private static func refuseForce(_ forced: AssayModelsV1.ForceArm?) throws(RPCError) {
        guard let forced else { return }
        throw RPCError(
            .notFound,
            "no experiment \"\(forced.experiment)\" divides this call", reason: "experiment_unknown"
        )
    }

    private static func rank(_ reason: AssayModelsV1.AssignmentReason) -> Int {
        switch reason {
        case .forced: 0
        case .overridden: 1
        case .controlled: 3
        default: 2
        }
    }
}
