public import AssayMessages
public import RPC
internal import Wire

/// `assay.models.v1.ModelServing` over a registry's snapshots.
///
/// What takes longer than an event loop can be without goes to the pool, by what a row of the version
/// took when it was loaded.
public struct ModelServingService: AssayModelsV1.ModelServing.Service {
    /// The longest that a call may hold its event loop.
    static let longestOnLoop = Duration.microseconds(200)

    private let registry: ModelRegistry
    private let snapshots: SnapshotCell<ServingSnapshot>
    package let pool: ScoringPool
    private let divider: CallDivider
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - exposures: takes note of the arms that calls met; nil: nobody does.
    ///   - calls: takes note of which unit each call was about, for outcomes that name calls.
    ///   - observer: counts what goes wrong with experiments.
    public init(
        _ registry: ModelRegistry, exposures: ExposureIndex? = nil, calls: CallRecorder? = nil,
        observer: ExperimentObserver = ExperimentObserver()
    ) {
        self.init(
            registry, pool: ScoringPool(), exposures: exposures, calls: calls, observer: observer)
    }

    package init(
        _ registry: ModelRegistry, pool: ScoringPool, exposures: ExposureIndex? = nil,
        calls: CallRecorder? = nil, observer: ExperimentObserver = ExperimentObserver()
    ) {
        self.registry = registry
        snapshots = registry.serving
        now = registry.now
        self.pool = pool
        divider = CallDivider(
            exposures: exposures, calls: calls, observer: observer, now: registry.now)
    }

    public func predict(
        _ request: AssayModelsV1.PredictRequest, context: ServerContext
    ) async throws -> AssayModelsV1.PredictResponse {
        let snapshot = snapshots.current
        // Outlives the versions below: what is freed is freed by the cell, not on this loop.
        defer { withExtendedLifetime(snapshot) {} }
        let response: AssayModelsV1.PredictResponse
        if divider.hasSay(request, in: snapshot.assignments) {
            response = try await divider.predict(request, in: snapshot.assignments, context) {
                try await score($0, in: snapshot, context)
            }
        } else {
            response = try await score(request, in: snapshot, context)
        }
        snapshot.show(request, response, at: now)
        return response
    }

    /// Scores with the version that the selector picks.
    private func score(
        _ request: AssayModelsV1.PredictRequest, in snapshot: ServingSnapshot,
        _ context: ServerContext
    ) async throws -> AssayModelsV1.PredictResponse {
        let version = try await version(request.model, request.selector, in: snapshot)
        let estimate = version.warmUp.estimate(request.explain)
        var response: AssayModelsV1.PredictResponse
        if estimate <= Self.longestOnLoop {
            response = try Predictor.predict(
                request, with: version, generation: snapshot.generation)
        } else {
            try Self.check(estimate, context)
            response = try await pool.run(for: version) { () throws(RPCError) in
                try Predictor.predict(request, with: version, generation: snapshot.generation)
            }
        }
        response.registryStale = snapshot.isStale
        return response
    }

    public func assign(
        _ request: AssayModelsV1.AssignRequest, context: ServerContext
    ) async throws -> AssayModelsV1.AssignResponse {
        let snapshot = snapshots.current
        defer { withExtendedLifetime(snapshot) {} }
        return AssayModelsV1.AssignResponse(
            assignments: try divider.assign(
                request, in: snapshot.assignments, by: context.caller),
            snapshot: snapshot.generation)
    }

    public func explain(
        _ request: AssayModelsV1.ExplainRequest, context: ServerContext
    ) async throws -> AssayModelsV1.ExplainResponse {
        let snapshot = snapshots.current
        defer { withExtendedLifetime(snapshot) {} }
        let version = try await version(request.call.model, request.call.selector, in: snapshot)
        let call = try ExplainCall(request, version)
        let estimate = call.estimate
        if estimate <= Self.longestOnLoop {
            return try call.response(generation: snapshot.generation)
        }
        try Self.check(estimate, context)
        return try await pool.run(for: version) { () throws(RPCError) in
            try call.response(generation: snapshot.generation)
        }
    }

    public func predictBatch(
        _ request: AssayModelsV1.PredictBatchRequest, context: ServerContext
    ) async throws -> AssayModelsV1.PredictBatchResponse {
        let snapshot = snapshots.current
        defer { withExtendedLifetime(snapshot) {} }
        let version = try await version(request.model, request.selector, in: snapshot)
        let batch = try BatchPredictor(request, version)
        version.statistics.add(1, to: .requests, stripe: ServingThread.current.index)
        do {
            let chunks = try await score(batch, context)
            var response = batch.response(chunks, generation: snapshot.generation)
            response.undividedBy = divider.experiments(
                on: request.model, request.selector, in: snapshot.assignments)
            response.registryStale = snapshot.isStale
            return response
        } catch {
            version.statistics.addFailure(
                (error as? RPCError)?.code ?? .unknown, stripe: ServingThread.current.index)
            throw error
        }
    }

    public func predictStream(
        _ requests: RequestStream<AssayModelsV1.PredictRequest>,
        replies: ReplyWriter<AssayModelsV1.PredictResponse>, context: ServerContext
    ) async throws {
        for try await request in requests {
            do {
                try await replies.write(try await predict(request, context: context))
            } catch let error as RPCError {
                throw RPCError(
                    code: error.code, message: "request \(request.requestID): \(error.message)",
                    reason: error.reason, details: error.details, cause: error)
            }
        }
    }

    public func describe(
        _ request: AssayModelsV1.ModelRef, context: ServerContext
    ) async throws -> AssayModelsV1.ModelDescription {
        let snapshot = snapshots.current
        defer { withExtendedLifetime(snapshot) {} }
        let version = try await version(request.model, request.selector, in: snapshot)
        return ModelDescriber.describe(version, of: try snapshot.model(request.model))
    }

    // MARK: Versions

    /// The version that a selector picks, and its model; waits if it has to be loaded.
    func version(
        _ name: String, _ selector: AssayModelsV1.Selector?
    ) async throws -> (model: ServingModel, version: ServingVersion) {
        let snapshot = snapshots.current
        return (try snapshot.model(name), try await version(name, selector, in: snapshot))
    }

    /// The version that a selector picks. What is not loaded is, while the call waits: its deadline ends
    /// the waiting, not the loading.
    private func version(
        _ name: String, _ selector: AssayModelsV1.Selector?, in snapshot: ServingSnapshot
    ) async throws -> ServingVersion {
        if let version = try snapshot.ready(name, selector) { return version }
        return try await registry.loaded(name, try snapshot.model(name).number(selector))
    }

    /// Whether the version that a selector picks can answer, at once or when it has been loaded.
    func isReady(_ name: String, _ selector: AssayModelsV1.Selector?) -> Bool {
        guard let model = try? snapshots.current.model(name),
            let number = try? model.number(selector)
        else { return false }
        return model.withheld[number] == nil && model.has(number) && model.damage[number] == nil
    }

    // MARK: Batches

    private func score(
        _ batch: BatchPredictor, _ context: ServerContext
    ) async throws -> [BatchPredictor.Chunk] {
        let (chunks, estimate) = (batch.chunks, batch.estimate)
        if estimate <= Self.longestOnLoop {
            return try chunks.map { try batch.score($0) }
        }
        try Self.check(estimate, context)
        return try await withThrowingTaskGroup(of: (Int, BatchPredictor.Chunk).self) { group in
            for (index, chunk) in chunks.enumerated() {
                group.addTask {
                    let scored = try await pool.run(for: batch.version) {
                        () throws(RPCError) in
                        try batch.score(chunk)
                    }
                    return (index, scored)
                }
            }
            var scored = [BatchPredictor.Chunk](repeating: .init(), count: chunks.count)
            for try await (index, chunk) in group { scored[index] = chunk }
            return scored
        }
    }

    /// A call that cannot be answered in time is refused before it costs anything.
    private static func check(_ estimate: Duration, _ context: ServerContext) throws(RPCError) {
        guard let remaining = context.remaining, remaining < estimate else { return }
        throw RPCError(
            .deadlineExceeded,
            "the rows take about \(estimate), and \(remaining) are left",
            reason: "estimate_exceeds_deadline")
    }
}
