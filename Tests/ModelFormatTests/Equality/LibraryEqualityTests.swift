import Foundation
import Inference
import ModelFixtures
import Testing

/// Models of the training libraries, with what these answered: those that are kept here, and the
/// wider set where it lies beside the checkout.
@Suite("Equal to the training libraries")
struct LibraryEqualityTests {
    private struct Case {
        let fixture: Fixture
        let model: LoadedModel
        let bounds: LibraryBounds
        let rows: [[Double]]

        init(_ fixture: Fixture) throws {
            self.fixture = fixture
            let table = try RowTable(try fixture.bytes("rows.csv"))
            model = try ModelFile.load(
                try fixture.artifact(), LoadOptions(columns: table.names))
            bounds = LibraryBounds(try fixture.about(), model)
            let inputs = try InputRows(table, for: model)
            rows = try (0..<table.rowCount).map { try inputs.row($0) }
        }
    }

    @Test("there is a model of every kind")
    func kinds() throws {
        let names = Fixture.own.map(\.name)
        #expect(names.count >= 40)
        for part in [
            "xgboost-1.7.6", "xgboost-3.4.1", "-ubj", "dart", "linear", "softprob", "categories",
            "named", "base-score", "lightgbm-3.3.5", "lightgbm-4.7.0", "linear-tree",
            "zero-as-missing", "no-missing", "multiclassova", "forest", "catboost", "nan-max",
            "lossguide", "one-hot", "several", "sklearn", "isolation", "bare", "logistic",
        ] {
            #expect(names.contains { $0.contains(part) }, "no \(part)")
        }
    }

    @Test("margins, predictions and leaves are the library's", arguments: Fixture.all(""))
    func answers(_ fixture: Fixture) throws {
        let its = try Case(fixture)
        let compiled = CompiledModel(its.model)
        let kinds = ["margin", "probability", "leaf", "score_samples", "decision", "predict"]
        var seen = 0
        for kind in kinds {
            let expected = try fixture.expected(kind + "_")
            guard expected.first?.isEmpty == false else { continue }
            seen += 1
            #expect(expected.count == its.rows.count && its.rows.count >= 40)
            for (index, (row, theirs)) in zip(its.rows, expected).enumerated() {
                let ours = Self.answer(kind, compiled, row)
                let fault = its.bounds.fault(kind, ours, theirs)
                #expect(fault == nil, "\(fixture.name), row \(index), \(fault ?? "")")
            }
        }
        #expect(seen > 0)
    }

    private static func answer(
        _ kind: String, _ model: CompiledModel, _ row: [Double]
    ) -> [Double] {
        let probabilities = model.probabilities(row)
        switch kind {
        case "margin": return model.margins(row)
        case "leaf": return model.leaves(row).map(Double.init)
        case "probability":
            guard model.model.objective == "multi:softmax" else { return probabilities }
            // The first class with the largest margin.
            let margins = model.margins(row)
            return [Double(margins.indices.max { margins[$0] < margins[$1] } ?? 0)]
        default:
            guard case .isolation(_, let parameters) = model.model.body else { return [] }
            let outputs = parameters.outputs(score: probabilities[0])
            switch kind {
            case "score_samples": return [outputs.scoreSamples]
            case "decision": return [outputs.decision]
            default: return [outputs.predict]
            }
        }
    }

    @Test(
        "alone, in a batch and in every layout a row has the same bits", arguments: Fixture.all(""))
    func layouts(_ fixture: Fixture) throws {
        let its = try Case(fixture)
        let served = CompiledModel(its.model)
        let singles = its.rows.map { bits(served.margins($0)) }
        let leaves = its.rows.map { served.leaves($0) }
        for layout in LayoutChoice.allCases {
            let model = CompiledModel(its.model, layout: layout)
            let place = "\(fixture.name), \(layout)"
            for (index, row) in its.rows.enumerated() {
                #expect(bits(model.margins(row)) == singles[index], "\(place), row \(index)")
                #expect(model.leaves(row) == leaves[index], "\(place), row \(index)")
                #expect(model.layoutAgrees(on: row), "\(place), row \(index)")
            }
            let flat: [Double] = its.rows.flatMap { $0 + [7, 7] }
            var margins = [Double](repeating: 0, count: its.rows.count * model.marginCount)
            flat.withUnsafeBufferPointer { flat in
                margins.withUnsafeMutableBufferPointer {
                    model.margins(
                        rows: flat, count: its.rows.count, stride: model.inputCount + 2, .whole,
                        model.makeScratch(), into: $0)
                }
            }
            #expect(bits(margins) == singles.flatMap { $0 }, "\(place), in a batch")
        }
    }

    private func bits(_ values: [Double]) -> [UInt64] {
        values.map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern }
    }

    @Test(
        "contributions are the library's, and add up to the margin",
        arguments: Fixture.all("").filter { $0.has("shap.csv") })
    func contributions(_ fixture: Fixture) throws {
        let its = try Case(fixture)
        let compiled = CompiledModel(its.model)
        let explainer = try #require(
            Explainers.best(for: compiled, background: nil, artifact: []), "\(fixture.name)")
        let expected = try fixture.expected("shap_", in: "shap.csv")
        #expect(!expected.isEmpty)
        for (index, (row, theirs)) in zip(its.rows, expected).enumerated() {
            var ours: [Double] = []
            for output in 0..<compiled.marginCount {
                let found = try explainer.explain(row, output: output)
                // One after the other: inputs, then the base, for each output.
                ours += found.values + [found.base]
                let margin = compiled.margins(row)[output]
                let sum = found.values.reduce(found.base, +) + found.rounding
                #expect(
                    abs(sum - margin) <= 1e-9 * max(1, abs(margin)), "\(fixture.name), row \(index)"
                )
            }
            let far = zip(ours, theirs).contains { !its.bounds.isNear($0, $1) }
            #expect(ours.count == theirs.count && !far, "\(fixture.name), row \(index)")
        }
    }
}
