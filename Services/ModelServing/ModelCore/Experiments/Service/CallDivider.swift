internal import AssayMessages
internal import RPC
internal import Wire

/// Divides calls among the arms of experiments, and takes note of who met what.
struct CallDivider: Sendable {
    private static let overrideScope = "experiments.override"

    let exposures: ExposureIndex?
    let calls: CallRecorder?
    let observer: ExperimentObserver
    let now: @Sendable () -> Timestamp

    /// Whether experiments may have to do with a call at all.
    func hasSay(_ request: AssayModelsV1.PredictRequest, in table: AssignmentTable) -> Bool {
        !table.isEmpty || request.forceArm != nil
    }

    /// Scores a call with the version that experiments pick.
    ///
    /// - Parameter score: scores a request with the version that its selector picks.
    func predict(
        _ request: AssayModelsV1.PredictRequest, in table: AssignmentTable,
        _ context: ServerContext,
        score: (AssayModelsV1.PredictRequest) async throws -> AssayModelsV1.PredictResponse
    ) async throws -> AssayModelsV1.PredictResponse {
        try Self.check(request.forceArm, context.caller)
        var undecided: [String] = []
        let route = try ExperimentRoute(request, in: table, undecided: &undecided)
        observer.targetingFailed(undecided)
        let start = ContinuousClock.now
        let response = try await route.answered(request, score)
        guard response.assignments.contains(where: \.isExposure) else { return response }
        let time = request.observedAt ?? now()
        // A reply that comes too late is not used, and its arm not sealed: nobody met it.
        if context.remaining.map({ $0 > .zero }) ?? true {
            exposures?.record(response.assignments, at: time, requestID: request.requestID)
        }
        calls?.answered(
            response.assignments, requestID: request.requestID, at: time,
            microseconds: (ContinuousClock.now - start) / .microseconds(1))
        return response
    }

    /// The arms of a call. Asking exposes nobody.
    func assign(
        _ request: AssayModelsV1.AssignRequest, in table: AssignmentTable, by caller: Caller
    ) throws(RPCError) -> [AssayModelsV1.Assignment] {
        try Self.check(request.forceArm, caller)
        var undecided: [String] = []
        defer { observer.targetingFailed(undecided) }
        let call = AssignmentCall(
            subjects: request.subjects, attributes: request.attributes, forced: request.forceArm,
            tokens: request.tokens)
        if request.model.isEmpty { return table.assign(call, undecided: &undecided) }
        let alias = request.alias.isEmpty ? Predictor.defaultAlias : request.alias
        return table.assign(
            call, to: AssignmentTable.traffic(request.model, alias), undecided: &undecided)
    }

    /// Names of the experiments that divide what a selector picks: none divides a version.
    func experiments(
        on model: String, _ selector: AssayModelsV1.Selector?, in table: AssignmentTable
    ) -> [String] {
        switch selector {
        case nil: table.names(on: AssignmentTable.traffic(model, Predictor.defaultAlias))
        case .alias(let alias): table.names(on: AssignmentTable.traffic(model, alias))
        default: []
        }
    }

    private static func check(
        _ forced: AssayModelsV1.ForceArm?, _ caller: Caller
    ) throws(RPCError) {
        guard forced == nil || caller.has(overrideScope) else {
            throw RPCError(
                .permissionDenied, "force_arm needs the scope \(overrideScope)",
                reason: "scope_missing")
        }
    }
}
