public import AssayMessages
internal import Inference
public import RPC
internal import Synchronization

/// Scores one row with the version that a selector picks. Pure: the snapshot and the request decide
/// the response.
public enum Predictor {
    /// The alias that answers where a request names none.
    public static let defaultAlias = "champion"
    /// At most this many attributions leave; the smallest are left out.
    static let maximumAttributions = 64

    public static func predict(
        _ request: AssayModelsV1.PredictRequest, in snapshot: RegistrySnapshot
    ) throws(RPCError) -> AssayModelsV1.PredictResponse {
        let version = try snapshot.version(of: request.model, request.selector)
        try check(request.vector, version)
        var response = AssayModelsV1.PredictResponse(
            version: version.number, artifact: version.artifact, vector: request.vector,
            snapshot: snapshot.generation)
        let inputs = version.model.inputCount
        let failure = withUnsafeTemporaryAllocation(of: Float.self, capacity: inputs) {
            row -> RPCError? in
            row.initialize(repeating: 0)
            do throws(RPCError) {
                try version.signature.read(
                    values: request.values, status: request.status, texts: request.texts, into: row)
                try score(UnsafeBufferPointer(row), version, &response)
                if request.explain == .reasons {
                    try explain(UnsafeBufferPointer(row), version, &response)
                }
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        version.predictions.wrappingAdd(1, ordering: .relaxed)
        return response
    }

    /// A caller that names a vector must name the one the version was trained on.
    private static func check(_ fingerprint: UInt64, _ version: ServingVersion) throws(RPCError) {
        guard fingerprint != 0 else { return }
        func hexadecimal(_ value: UInt64) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        guard !version.vectorName.isEmpty else {
            throw RPCError(
                .failedPrecondition,
                "the request names the vector \(hexadecimal(fingerprint)), but version "
                    + "\(version.number) takes its inputs in its own order; send vector 0",
                reason: "vector_unknown")
        }
        guard version.vectorFingerprint == 0 || version.vectorFingerprint == fingerprint else {
            throw RPCError(
                .failedPrecondition,
                "version \(version.number) was trained on \(version.vectorName) with fingerprint "
                    + "\(hexadecimal(version.vectorFingerprint)), the request's vector has "
                    + hexadecimal(fingerprint), reason: "vector_mismatch")
        }
    }

    private static func score(
        _ row: UnsafeBufferPointer<Float>, _ version: ServingVersion,
        _ response: inout AssayModelsV1.PredictResponse
    ) throws(RPCError) {
        let model = version.model
        let isFinite = withUnsafeTemporaryAllocation(of: Float.self, capacity: model.outputCount) {
            values -> Bool in
            values.initialize(repeating: 0)
            model.margins(row, into: values)
            response.margin = values.map(Double.init)
            model.link.apply(to: values)
            response.probability = values.map(Double.init)
            return response.margin.allSatisfy(\.isFinite)
                && response.probability.allSatisfy(\.isFinite)
        }
        guard isFinite else {
            throw RPCError(
                .internal, "version \(version.number) gave a margin that is not finite",
                reason: "non_finite_margin")
        }
    }

    /// One attribution per reason code (inputs of one code are added, the largest gives its name),
    /// largest first.
    private static func explain(
        _ row: UnsafeBufferPointer<Float>, _ version: ServingVersion,
        _ response: inout AssayModelsV1.PredictResponse
    ) throws(RPCError) {
        guard let explainer = version.model.explainer, version.model.outputCount == 1,
            let explained = explainer.attributions(Array(row))
        else {
            throw RPCError(
                .failedPrecondition,
                "version \(version.number) cannot explain: it has several outputs, or its file has "
                    + "no covers", reason: "explanation_unavailable")
        }
        var groups: [AssayModelsV1.Attribution] = []
        var largest: [Double] = []
        var groupOf: [String: Int] = [:]
        for (input, value) in zip(version.signature.inputs, explained.values) {
            if !input.reasonCode.isEmpty, let group = groupOf[input.reasonCode] {
                groups[group].value += value
                if abs(value) > largest[group] {
                    largest[group] = abs(value)
                    groups[group].field = input.name
                }
                continue
            }
            if !input.reasonCode.isEmpty { groupOf[input.reasonCode] = groups.count }
            groups.append(.init(field: input.name, reasonCode: input.reasonCode, value: value))
            largest.append(abs(value))
        }
        let order = groups.indices.sorted {
            (-groups[$0].value, $0) < (-groups[$1].value, $1)
        }
        let leftOut = order.dropFirst(maximumAttributions)
        response.explanation = AssayModelsV1.Explanation(
            baseValue: explained.base,
            attributions: order.prefix(maximumAttributions).map { groups[$0] },
            rounding: leftOut.reduce(explained.rounding) { $0 + groups[$1].value },
            method: .treeShap, exactness: .exact, space: .margin, leftOut: UInt32(leftOut.count))
    }
}
