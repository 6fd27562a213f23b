import AssayMessages
import Inference
import RPC

/// Asks a running service why a row has its score.
struct ServiceExplanation {
    private let command: ExplainModelCommand
    private let model: String
    private let table: RowTable

    init(_ command: ExplainModelCommand, _ model: String, _ table: RowTable) {
        self.command = command
        self.model = model
        self.table = table
    }

    func ask() async throws -> String {
        try await command.place.call(
            AssayModelsV1.ModelServing.Client.init, sentence: Self.sentence, ask)
    }

    /// A service that cannot answer in time says so before it tries.
    private static func sentence(_ refusal: RPCError) -> String {
        let advice =
            refusal.reason == "estimate_exceeds_deadline"
            ? "; send fewer rows of --background, or ask the model's file with --file, which takes its time"
            : ""
        return WorkspaceOptions.sentence(refusal) + advice
    }

    private var selector: AssayModelsV1.Selector? {
        command.version.map { .version($0) } ?? command.alias.map { .alias($0) }
    }

    private func ask(
        _ client: AssayModelsV1.ModelServing.Client, _ options: CallOptions
    ) async throws -> String {
        let described = try await client.describe(
            .init(model: model, selector: selector), options: options)
        let row = try values(table, command.row - 1, described, command.rows)
        var request = AssayModelsV1.ExplainRequest(
            call: .init(
                requestID: "explain-\(UInt64.random(in: 0 ... .max))", model: model,
                selector: .version(described.version), values: row.values, texts: row.texts),
            method: method, output: UInt32(command.output))
        if let path = command.background {
            let table = try PredictCommand.table(path)
            request.background = try command.backgroundRows(table).map {
                let row = try values(table, $0, described, path)
                return .init(values: row.values, texts: row.texts)
            }
        }
        let response = try await client.explain(request, options: options)
        if command.json { return String(decoding: response.json(), as: UTF8.self) }
        return try text(response, row, described).text(hexadecimal: command.hex)
    }

    private var method: AssayModelsV1.ExplanationMethod {
        switch command.method {
        case nil: .unspecified
        case .treeShap: .treeShap
        case .linear: .linear
        case .scorecard: .scorecard
        case .ensemble: .ensemble
        case .coalitions: .coalitions
        case .permutations: .permutations
        case .kernelShap: .kernelShap
        case .lime: .lime
        }
    }

    // MARK: Rows

    private struct Row {
        var values: [Double] = []
        var texts: [AssayModelsV1.CategoryText] = []
        /// As the table has them.
        var cells: [String: String] = [:]
    }

    private func values(
        _ table: RowTable, _ row: Int, _ described: AssayModelsV1.ModelDescription, _ path: String
    ) throws -> Row {
        var found = Row()
        for input in described.inputs {
            guard let column = table.names.firstIndex(of: input.name) else {
                throw Complaint("\(path) has no column for the input \(input.name)")
            }
            let cell = table.cell(row, column)
            if input.kind == .category, input.vocabulary.contains(cell.text) {
                found.texts.append(.init(field: input.name, text: cell.text))
                found.values.append(.nan)
            } else if cell.isMissing {
                found.values.append(.nan)
            } else if let number = cell.number {
                found.values.append(number)
            } else if input.kind == .category {
                found.texts.append(.init(field: input.name, text: cell.text))
                found.values.append(.nan)
            } else {
                throw Complaint(
                    "\(path): line \(table.lines[row]): \(input.name): "
                        + "\(cell.text.debugDescription) is not a number")
            }
            found.cells[input.name] = cell.isMissing ? "missing" : cell.text
        }
        return found
    }

    // MARK: Text

    private func text(
        _ response: AssayModelsV1.ExplainResponse, _ row: Row,
        _ described: AssayModelsV1.ModelDescription
    ) throws -> ScoreExplanation {
        let prediction = response.prediction
        guard let explanation = prediction.explanation else {
            throw Complaint("the service answered without an explanation")
        }
        var text = ScoreExplanation(
            title: "\(model) version \(prediction.version) (\(described.library), "
                + "\(described.objective)), row \(command.row) of \(command.rows)",
            method: Self.method(explanation), base: explanation.baseValue,
            rounding: explanation.rounding, margins: prediction.margin, output: command.output,
            probabilities: prediction.probability, fallsWithRisk: explanation.fallsWithRisk)
        text.parts = response.effects.map {
            .init(
                name: $0.field, value: row.cells[$0.field] ?? "", added: $0.value,
                effect: $0.effect)
        }
        if let fit = explanation.localFit {
            text.roundingName = "left over"
            text.remarks.append("local fit R² = \(fit); the parts need not add up")
        }
        if !prediction.band.isEmpty { text.remarks.append("band \(prediction.band)") }
        for reason in explanation.reasons {
            text.remarks.append("reason \(reason.code): \(reason.fields.joined(separator: ", "))")
        }
        for flag in prediction.flags { text.remarks.append("\(flag.field): \(flag.notice)") }
        return text
    }

    private static func method(_ explanation: AssayModelsV1.Explanation) -> String {
        let exactness =
            switch explanation.exactness {
            case .exact: "exact"
            case .sampled: "sampled with seed \(String(explanation.seed ?? 0, radix: 16))"
            case .rescaled: "rescaled: the sum is exact, the shares are a convention"
            default: "of unknown exactness"
            }
        return "\(explanation.method), \(exactness)"
    }
}
