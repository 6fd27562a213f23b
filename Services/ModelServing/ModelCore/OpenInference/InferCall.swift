internal import AssayMessages
internal import RPC
internal import Wire

/// One ModelInfer: its tensors as calls of our own, and the answers as tensors.
struct InferCall: Sendable {
    typealias Parameters = WireMap<String, OpenInference.InferParameter>

    private static let unitPrefix = "unit."
    private static let mostSubjects = 16
    private static let mostKindBytes = 64
    private static let mostUnitBytes = 128
    /// Rows that are scored one by one before another call may have its turn.
    private static let rowsPerTurn = 32

    private let request: OpenInference.ModelInferRequest
    /// The request's own, or one that no other call has: shadows draw calls by it, and join by it.
    private let requestID: String
    private let rows: TensorRows
    private let outputs: [InferOutput]
    private let inputs: [String]
    private let subjects: WireMap<String, String>
    private let vector: UInt64

    /// - Parameter version: the one that the request names; experiments may let another answer.
    init(
        _ request: OpenInference.ModelInferRequest, _ version: ServingVersion
    ) throws(RPCError) {
        self.request = request
        requestID =
            request.id.isEmpty
            ? "infer-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
            : String(request.id.prefix(64))
        vector = try Self.vector(request.parameters)
        let order = try VectorCheck.order(of: vector, version)
        inputs = version.signature.inputs.map(\.name)
        let fields = order == .vector ? version.manifest.vectorFields : inputs
        rows = try TensorRows(request, fields: fields.isEmpty ? inputs : fields)
        outputs = try Self.outputs(request)
        subjects = try Self.subjects(request.parameters)
    }

    // MARK: Parameters

    /// `unit.<kind>`: the ids of units, within the bounds that Predict has for them.
    private static func subjects(
        _ parameters: Parameters
    ) throws(RPCError) -> WireMap<String, String> {
        var subjects: [(String, String)] = []
        for parameter in parameters where parameter.key.hasPrefix(unitPrefix) {
            let place = "parameters[\(parameter.key.prefix(96))]"
            let kind = String(parameter.key.dropFirst(unitPrefix.count))
            guard 1...mostKindBytes ~= kind.utf8.count else {
                throw .invalid(
                    place, "expected a kind of up to \(mostKindBytes) bytes behind the dot")
            }
            guard case .stringParam(let unit)? = parameter.value.parameterChoice else {
                throw .invalid(place, "expected a text")
            }
            guard unit.utf8.count <= mostUnitBytes else {
                throw .invalid(
                    place, "\(unit.utf8.count) bytes; an id has up to \(mostUnitBytes)")
            }
            subjects.append((kind, unit))
        }
        guard subjects.count <= mostSubjects else {
            throw .invalid(
                "parameters", "\(subjects.count) units; a call has up to \(mostSubjects)")
        }
        return WireMap(subjects)
    }

    /// The first 8 bytes of the fingerprint, as a number or in hexadecimal.
    private static func vector(_ parameters: Parameters) throws(RPCError) -> UInt64 {
        switch parameters["vector"]?.parameterChoice {
        case nil: return 0
        case .uint64Param(let number): return number
        case .int64Param(let number): return UInt64(bitPattern: number)
        case .stringParam(let text):
            if let number = UInt64(text.prefix(16), radix: 16) { return number }
            fallthrough
        default:
            throw .invalid(
                "parameters[vector]", "expected a number, or the fingerprint in hexadecimal")
        }
    }

    private static func outputs(
        _ request: OpenInference.ModelInferRequest
    ) throws(RPCError) -> [InferOutput] {
        var outputs: [InferOutput] = []
        for (index, output) in request.outputs.enumerated() {
            guard let known = InferOutput(rawValue: output.name) else {
                let names = InferOutput.allCases.map(\.rawValue)
                throw .invalid(
                    "outputs[\(index)]",
                    "no output \"\(output.name)\"; there are \(names.joined(separator: ", "))")
            }
            guard !outputs.contains(known) else {
                throw .invalid("outputs[\(index)]", "\(output.name) is asked for twice")
            }
            outputs.append(known)
        }
        if outputs.isEmpty { outputs = [.margin, .probability] }
        if try explains(request.parameters), !outputs.contains(.contributions) {
            outputs.append(.contributions)
        }
        return outputs
    }

    private static func explains(_ parameters: Parameters) throws(RPCError) -> Bool {
        switch parameters["explain"]?.parameterChoice {
        case nil: return false
        case .boolParam(let explains): return explains
        case .stringParam("contributions"): return true
        case .stringParam("none"): return false
        default:
            throw .invalid("parameters[explain]", "expected true, false, contributions or none")
        }
    }

    // MARK: Scoring

    private struct Answer {
        var version: UInt32
        var artifact: [UInt8] = []
        var assignments: [AssayModelsV1.Assignment] = []
        var margin: [Double] = []
        var probability: [Double] = []
        var contributions: [Double] = []
    }

    func response(
        from serving: ModelServingService, _ context: ServerContext
    ) async throws -> OpenInference.ModelInferResponse {
        let first = try await serving.predict(call(0), context: context)
        var answer = Answer(
            version: first.version, artifact: first.artifact, assignments: first.assignments)
        try add(first, to: &answer)
        // All rows have the version that the first one met.
        if rows.rows > 1 {
            if rows.texts.isEmpty, !outputs.contains(.contributions) {
                try await scoreBatch(serving, context, &answer)
            } else {
                for row in 1..<rows.rows {
                    if row % Self.rowsPerTurn == 0 { await Task.yield() }
                    var call = call(row)
                    call.selector = .version(answer.version)
                    call.subjects = [:]
                    do {
                        try add(try await serving.predict(call, context: context), to: &answer)
                    } catch let error as RPCError {
                        throw error.of(row: row)
                    }
                }
            }
        }
        return response(answer)
    }

    private func call(_ row: Int) -> AssayModelsV1.PredictRequest {
        AssayModelsV1.PredictRequest(
            requestID: requestID, model: request.modelName,
            selector: OpenInferenceService.selector(request.modelVersion),
            vector: vector, values: rows.values(row), texts: rows.texts(row), subjects: subjects,
            explain: outputs.contains(.contributions) ? .contributions : .none)
    }

    private func scoreBatch(
        _ serving: ModelServingService, _ context: ServerContext, _ answer: inout Answer
    ) async throws {
        let batch = AssayModelsV1.PredictBatchRequest(
            requestID: requestID, model: request.modelName, selector: .version(answer.version),
            vector: vector,
            values: rows.values, rows: UInt32(rows.rows))
        // The first row once more, so that errors count rows as the caller does.
        let scored = try await serving.predictBatch(batch, context: context)
        answer.margin = scored.margin
        answer.probability = scored.probability
    }

    private func add(
        _ response: AssayModelsV1.PredictResponse, to answer: inout Answer
    ) throws(RPCError) {
        answer.margin += response.margin
        answer.probability += response.probability
        guard let explanation = response.explanation else { return }
        let added = Dictionary(
            explanation.attributions.map { ($0.field, $0.value) }, uniquingKeysWith: { a, _ in a })
        answer.contributions += inputs.map { added[$0] ?? 0 }
        answer.contributions.append(explanation.baseValue)
    }

    // MARK: Response

    private func response(_ answer: Answer) -> OpenInference.ModelInferResponse {
        var response = OpenInference.ModelInferResponse(
            modelName: request.modelName, modelVersion: "\(answer.version)", id: request.id)
        response.parameters["version"] = .init(
            parameterChoice: .int64Param(Int64(answer.version)))
        response.parameters["artifact"] = .init(
            parameterChoice: .stringParam(ModelTensors.hexadecimal(answer.artifact)))
        let arms = answer.assignments.filter { !$0.arm.isEmpty }
        if !arms.isEmpty {
            response.parameters["arm"] = .init(
                parameterChoice: .stringParam(
                    arms.map { "\($0.experiment)/\($0.arm)" }.joined(separator: ",")))
        }
        let isRaw = !request.rawInputContents.isEmpty
        for output in outputs {
            let values =
                switch output {
                case .margin: answer.margin
                case .probability: answer.probability
                case .contributions: answer.contributions
                }
            response.outputs.append(
                .init(
                    name: output.rawValue, datatype: TensorType.double.rawValue,
                    shape: [Int64(rows.rows), Int64(values.count / rows.rows)],
                    contents: isRaw ? nil : .init(fp64Contents: values)))
            if isRaw { response.rawOutputContents.append(Self.raw(values)) }
        }
        return response
    }

    private static func raw(_ values: [Double]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * 8)
        for value in values {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }
}

extension RPCError {
    /// The same error, said of one row.
    fileprivate func of(row: Int) -> RPCError {
        RPCError(code: code, message: "row \(row): \(message)", reason: reason, cause: self)
    }
}
