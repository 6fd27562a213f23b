package import AssayMessages
internal import Glibc
internal import Inference
package import RPC

/// Scores one row with the version that a selector picks. Pure: the snapshot and the request decide
/// the response.
public enum Predictor {
    /// The alias that answers where a request names none.
    public static let defaultAlias = "champion"
    /// At most this many attributions leave for reasons; the smallest are left out.
    static let maximumAttributions = 64

    package static func predict(
        _ request: AssayModelsV1.PredictRequest, in snapshot: ServingSnapshot
    ) throws(RPCError) -> AssayModelsV1.PredictResponse {
        let version = try snapshot.version(of: request.model, request.selector)
        return try predict(request, with: version, generation: snapshot.generation)
    }

    /// - Parameter explainer: explains the row if the request wants it; nil: the version's own.
    static func predict(
        _ request: AssayModelsV1.PredictRequest, with version: ServingVersion, generation: UInt64,
        explainer: ChosenExplainer? = nil
    ) throws(RPCError) -> AssayModelsV1.PredictResponse {
        let thread = ServingThread.current
        let start = nanoseconds()
        version.statistics.add(1, to: .requests, stripe: thread.index)
        do throws(RPCError) {
            let response = try score(request, version, generation, thread, explainer)
            let statistics = version.statistics
            statistics.add(1, to: .rows, stripe: thread.index)
            statistics.addTime(nanoseconds: nanoseconds() - start, stripe: thread.index)
            return response
        } catch {
            version.statistics.addFailure(error.code, stripe: thread.index)
            throw error
        }
    }

    private static func score(
        _ request: AssayModelsV1.PredictRequest, _ version: ServingVersion, _ generation: UInt64,
        _ thread: ServingThread, _ explainer: ChosenExplainer?
    ) throws(RPCError) -> AssayModelsV1.PredictResponse {
        let order = try VectorCheck.order(of: request.vector, version)
        let options = try RowOptions(request, version)
        var response = AssayModelsV1.PredictResponse(
            version: version.number, artifact: version.artifact, vector: request.vector,
            snapshot: generation)
        try thread.scratch.withNumbers(version.model.inputCount) { row throws(RPCError) in
            try request.values.withUnsafeBufferPointer { values throws(RPCError) in
                try request.status.withUnsafeBufferPointer { status throws(RPCError) in
                    try version.signature.read(
                        values: values, status: status, texts: request.texts, order: order,
                        into: row, flags: &response.flags)
                }
            }
            let row = UnsafeBufferPointer(row)
            let positive = try score(row, options, version, thread, &response)
            if !response.flags.isEmpty {
                version.statistics.add(
                    response.flags.count, to: .flags, stripe: thread.index)
            }
            guard request.explain == .reasons || request.explain == .contributions else { return }
            if let least = request.explainFrom, let positive, positive < least { return }
            response.explanation = try RowExplanation.of(
                row, options, request.explain, version, thread, by: explainer)
            version.statistics.add(1, to: .explanations, stripe: thread.index)
        }
        return response
    }

    /// Margins, probabilities and band, written where they leave.
    ///
    /// - Returns: the probability of the adverse event, if there is one.
    private static func score(
        _ row: UnsafeBufferPointer<Double>, _ options: RowOptions, _ version: ServingVersion,
        _ thread: ServingThread, _ response: inout AssayModelsV1.PredictResponse
    ) throws(RPCError) -> Double? {
        let model = version.model
        var (isFinite, isDegraded) = (true, false)
        var band: Int?
        var probability: [Double] = []
        let margin = [Double](unsafeUninitializedCapacity: model.marginCount) { margins, count in
            count = model.marginCount
            margins.initialize(repeating: 0)
            let margins = UnsafeMutableBufferPointer(rebasing: margins[..<count])
            probability = [Double](unsafeUninitializedCapacity: model.probabilityCount) {
                probabilities, count in
                count = model.probabilityCount
                probabilities.initialize(repeating: 0)
                let probabilities = UnsafeMutableBufferPointer(rebasing: probabilities[..<count])
                isDegraded = model.score(
                    row, options, thread.scratch, margins: margins, probabilities: probabilities)
                version.post.calibrate(probabilities)
                band = version.post.band(UnsafeBufferPointer(probabilities))
                isFinite =
                    margins.allSatisfy(\.isFinite) && probabilities.allSatisfy(\.isFinite)
            }
        }
        guard isFinite else { throw notFinite(version) }
        response.margin = margin
        response.probability = probability
        if isDegraded { version.statistics.add(1, to: .degraded, stripe: thread.index) }
        if let band, let bands = version.post.bands {
            response.band = bands.names[band]
            version.statistics.addBand(band, stripe: thread.index)
        }
        return version.post.positive.map { probability[$0] }
    }

    static func notFinite(_ version: ServingVersion) -> RPCError {
        RPCError(
            .internal, "version \(version.number) gave a margin that is not finite",
            reason: "non_finite_margin")
    }

    /// Of the monotonic clock.
    @inline(__always)
    static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension RowOptions {
    /// What a request asks besides its values, if the version can do it.
    fileprivate init(
        _ request: AssayModelsV1.PredictRequest, _ version: ServingVersion
    ) throws(RPCError) {
        self = .whole
        if case .unrecognized = request.explain {
            throw .invalid("explain", "expected none, reasons or contributions")
        }
        iterations = try Self.iterations(request.iterations, version)
        guard let offset = request.offset else { return }
        guard case .single(let model) = version.model, model.marginCount == 1 else {
            throw .invalid("offset", "only a single model with one margin takes one")
        }
        if case .isolation = model.model.body {
            throw .invalid("offset", "an isolation forest takes none")
        }
        self.offset = [offset]
    }

    static func iterations(
        _ range: AssayModelsV1.IterationRange?, _ version: ServingVersion
    ) throws(RPCError) -> Range<Int>? {
        guard let range else { return nil }
        guard case .single(let model) = version.model, model.iterationCount > 0 else {
            throw .invalid("iterations", "the model has no boosting rounds")
        }
        guard range.begin < range.end, range.end <= model.iterationCount else {
            throw .invalid(
                "iterations",
                "expected a range within 0 to \(model.iterationCount), got \(range.begin) to "
                    + "\(range.end)")
        }
        return Int(range.begin)..<Int(range.end)
    }
}
