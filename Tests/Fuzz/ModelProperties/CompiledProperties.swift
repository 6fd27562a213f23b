internal import FuzzProperties
internal import Inference

/// What must hold of a model that was loaded, on rows that sit on its own thresholds.
struct CompiledProperties {
    private let model: LoadedModel
    private let compiled: CompiledModel
    private let rows: [[Double]]

    init(_ model: LoadedModel, seed: UInt64) {
        self.model = model
        compiled = CompiledModel(model)
        var probes = ModelProbes(model, seed: seed)
        rows = probes.rows(model.inputs.count > 64 ? 2 : 6)
    }

    func check() throws(PropertyViolation) {
        let outputs = compiled.marginCount
        let part = RowOptions(
            offset: (0..<outputs).map { Double($0 % 7) / 4 - 0.5 }, iterations: 1..<2)
        for layout in LayoutChoice.allCases {
            let other = layout == .byRule ? compiled : CompiledModel(model, layout: layout)
            for (index, row) in rows.enumerated() {
                try require("layout", other.layoutAgrees(on: row), "\(layout), row \(row)")
                guard index == 0 else { continue }
                try require("layout", other.layoutAgrees(on: row, part), "\(layout), a part")
            }
            try checkBatch(other, layout)
        }
        for row in rows { try checkAnswer(row) }
        try explain()
        let importance = Importance(model)
        try require(
            "importance", importance.split?.count ?? rows[0].count == rows[0].count, "\(importance)"
        )
    }

    // MARK: Batches

    /// A batch gives each row the bits that it has alone, from rows of float64 and of float32.
    private func checkBatch(
        _ other: CompiledModel, _ layout: LayoutChoice
    ) throws(PropertyViolation) {
        let singles = rows.map { other.margins($0) }
        let batch = other.batch(rows.flatMap { $0 }, count: rows.count)
        try require(
            "batch", bits(batch) == bits(singles.flatMap { $0 }), "\(layout): \(batch) \(singles)")
        let narrow = rows.map { row in row.map { Float($0) } }
        let narrowBatch = other.batch(narrow.flatMap { $0 }, count: rows.count)
        let widened = narrow.flatMap { row in other.margins(row.map { Double($0) }) }
        try require("batch", bits(narrowBatch) == bits(widened), "\(layout), float32")
    }

    private func bits(_ values: [Double]) -> [UInt64] {
        values.map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern }
    }

    // MARK: Answers

    /// Serving takes the same steps as the parts.
    private func checkAnswer(_ row: [Double]) throws(PropertyViolation) {
        let scored = ScoringModel.single(compiled).score(row)
        try require(
            "answer", bits(scored.probability) == bits(compiled.probabilities(row)),
            "\(scored.probability)")
        try require("answer", scored.margin.count == compiled.marginCount, "\(scored.margin)")
    }

    // MARK: Explanations

    private func explain() throws(PropertyViolation) {
        let artifact = [UInt8](repeating: 7, count: 32)
        guard let explainer = Explainers.best(for: .single(compiled), artifact: artifact) else {
            return
        }
        for row in rows.prefix(3) {
            let margins = compiled.margins(row)
            for output in 0..<min(compiled.marginCount, 3) {
                let found: Attributions
                do {
                    found = try explainer.explain(row, output: output)
                } catch {
                    try require("explanation", !error.description.isEmpty, "no reason")
                    continue
                }
                try checkSum(found, margins[output])
            }
        }
    }

    private func checkSum(
        _ found: Attributions, _ margin: Double
    ) throws(PropertyViolation) {
        try require("explanation", found.values.count == rows[0].count, "\(found)")
        guard margin.isFinite, found.rounding.isFinite else { return }
        let total = found.values.reduce(found.base, +) + found.rounding
        let size = found.values.reduce(abs(found.base) + abs(margin)) { $0 + abs($1) }
        try require(
            "explanation", abs(total - margin) <= 1e-9 * max(size, 1),
            "\(total) instead of \(margin): \(found)")
    }
}

extension CompiledModel {
    fileprivate func batch(_ rows: [Double], count: Int) -> [Double] {
        var margins = [Double](repeating: 0, count: count * marginCount)
        rows.withUnsafeBufferPointer { rows in
            margins.withUnsafeMutableBufferPointer {
                self.margins(
                    rows: rows, count: count, stride: inputCount, .whole, makeScratch(), into: $0)
            }
        }
        return margins
    }

    fileprivate func batch(_ rows: [Float], count: Int) -> [Double] {
        var margins = [Double](repeating: 0, count: count * marginCount)
        rows.withUnsafeBufferPointer { rows in
            margins.withUnsafeMutableBufferPointer {
                self.margins(
                    rows: rows, count: count, stride: inputCount, .whole, makeScratch(), into: $0)
            }
        }
        return margins
    }
}
