import CAllocationCounter
import Inference
import ModelFixtures
import RandomModels
import Testing

// Without optimisation, generic code and closures take memory of their own.
#if !DEBUG
    @Suite("Memory of scoring")
    struct AllocationTests {
        @Test("no row allocates, one by one or in a batch, whatever the model")
        func rows() throws {
            guard allocation_counter_works() else { return print("this build counts nothing") }
            for profile in [NumericProfile.xgboost, .lightgbm, .catboost, .forest] {
                var source = RandomEnsemble(
                    seed: 5, profile: profile, hasOddThresholds: true)
                let trees = [
                    source.make(inputs: 6, outputs: 1, trees: 20, depth: 6),
                    source.make(inputs: 6, outputs: 3, trees: 21, depth: 12),
                    source.make(inputs: 6, outputs: 1, trees: 9, depth: 4, categories: true),
                ]
                for trees in trees { expectNone(CompiledModel(trees), &source, "\(profile)") }
            }
            var source = RandomEnsemble(
                seed: 6, profile: .catboost, hasOddThresholds: true)
            (source.outputs, source.trees, source.categorical) = (3, 9, 20)
            let oblivious = source.oblivious()
            expectNone(CompiledModel(oblivious), &source, "oblivious")
        }

        private func expectNone(
            _ model: CompiledModel, _ source: inout RandomEnsemble, _ name: String
        ) {
            let (scratch, width) = (model.makeScratch(), model.marginCount)
            let rows = (0..<100).flatMap { _ in source.row() }
            var margins = [Double](repeating: 0, count: 100 * width)
            var values = [Double](repeating: 0, count: model.probabilityCount)
            var counts: [Int] = []
            rows.withUnsafeBufferPointer { rows in
                margins.withUnsafeMutableBufferPointer { margins in
                    values.withUnsafeMutableBufferPointer { values in
                        // What is made once per process is made in the first turn.
                        for isCounted in [false, true] {
                            allocation_counter_start()
                            model.margins(
                                rows: rows, count: 100, stride: 6, .whole, scratch, into: margins)
                            for row in 0..<100 {
                                let margin = UnsafeMutableBufferPointer(
                                    rebasing: margins[row * width..<(row + 1) * width])
                                model.margins(
                                    UnsafeBufferPointer(rebasing: rows[row * 6..<row * 6 + 6]),
                                    .whole, scratch, into: margin)
                                model.probabilities(
                                    fromMargins: UnsafeBufferPointer(margin), into: values)
                            }
                            let count = Int(allocation_counter_stop().count)
                            if isCounted { counts.append(count) }
                        }
                    }
                }
            }
            #expect(counts == [0], "\(name), \(model.layout)")
        }
    }
#endif
