internal import AssayMessages
internal import Storage
internal import Wire

/// Asks the model of a recorded decision again, by version, for what it was given then.
struct ModelReplay {
    /// Why the model cannot be asked.
    struct Impossible: Error, CustomStringConvertible {
        var description: String
    }

    /// Asks the model service, which draws nothing and exposes nobody: the version is named.
    typealias Ask = (AssayModelsV1.PredictRequest) async throws -> AssayModelsV1.PredictResponse

    let record: AssayRiskV1.DecisionRecord
    let evidence: DecisionEvidence?
    let store: any KeyValueStore

    /// Where the answer is not the recorded one, to the bit; empty if it is.
    func differences(
        _ ask: Ask
    ) async throws -> [AssayRiskV1.OutcomeDifference] {
        let (recorded, request) = try self.request(explain: .none)
        let answer = ModelAnswer(name: recorded.name, response: try await ask(request))
        var found: [AssayRiskV1.OutcomeDifference] = []
        func compare(_ field: String, _ then: Double, _ now: Double) {
            guard then.bitPattern != now.bitPattern else { return }
            found.append(
                AssayRiskV1.OutcomeDifference(
                    field: field, recorded: "\(then)", replayed: "\(now)"))
        }
        compare("model.margin", recorded.margin, answer.margin)
        compare("model.probability", recorded.probability, answer.probability ?? .nan)
        if answer.response.artifact != recorded.artifact {
            found.append(
                AssayRiskV1.OutcomeDifference(
                    field: "model.artifact", recorded: Self.hexadecimal(recorded.artifact),
                    replayed: Self.hexadecimal(answer.response.artifact)))
        }
        return found
    }

    /// What each input added to the model's margin, largest first.
    func attributions(_ ask: Ask) async throws -> [AssayRiskV1.RecordedAttribution] {
        let (recorded, request) = try self.request(explain: .contributions)
        let answer = ModelAnswer(name: recorded.name, response: try await ask(request))
        guard answer.response.explanation != nil else {
            throw Impossible(description: "the model explains nothing")
        }
        return answer.attributions.filter(\.value.isFinite).enumerated().sorted { a, b in
            let (x, y) = (a.element.value.magnitude, b.element.value.magnitude)
            return x != y ? x > y : a.offset < b.offset
        }.prefix(1_024).map {
            AssayRiskV1.RecordedAttribution(
                field: $0.element.field, reasonCode: $0.element.reasonCode,
                value: $0.element.value)
        }
    }

    private func request(
        explain: AssayModelsV1.ExplainMode
    ) throws -> (AssayRiskV1.RecordedModel, AssayModelsV1.PredictRequest) {
        guard let model = record.model else {
            throw Impossible(description: "no model took part in the decision")
        }
        var request = AssayModelsV1.PredictRequest(
            requestID: "replay-\(record.decisionID)", model: model.name,
            selector: .version(model.version), explain: explain)
        if record.kind == .credit {
            try fillApplication(&request)
        } else {
            guard let vector = record.vectors.first, !vector.values.isEmpty else {
                throw Impossible(description: "what the model was given was not recorded")
            }
            request.values = vector.row
            request.status = vector.status
            request.vector = evidence?.vector ?? 0
        }
        return (model, request)
    }

    /// The values of an application are personal, and stand in the request only.
    private func fillApplication(_ request: inout AssayModelsV1.PredictRequest) throws {
        guard let bytes = try DecisionIndex.request(of: record, in: store) else {
            throw Impossible(description: "the application was erased")
        }
        let row = CreditRow(
            try AssayRiskV1.AssessCreditRequest(decoding: bytes, door: .strict))
        request.values = row.values
        request.texts = row.texts.map { AssayModelsV1.CategoryText(field: $0.field, text: $0.text) }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
