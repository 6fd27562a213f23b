import FeatureEngine
import Testing

@testable import FeatureCore

@Suite struct FeatureSketchTests {
    /// Values of every kind, with the status that goes with them.
    private func samples(_ seed: UInt64, _ count: Int) -> [(value: Double, status: UInt8)] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let kind = UInt8(random.next() % 6)
            let flags = UInt8(random.next() & 0x78)
            let scale = [1.0, -1, 1e-9, 1e9, 0, 0.25][Int(random.next() % 6)]
            let value = Double(Int64(random.next() % 20_000)) * scale
            return (random.next() % 20 == 0 ? .nan : value, kind | flags)
        }
    }

    private func sketch(_ samples: [(value: Double, status: UInt8)]) -> FeatureSketch {
        var sketch = FeatureSketch()
        for sample in samples {
            sketch.add(sample.value, status: sample.status, isCategory: false)
        }
        return sketch
    }

    @Test("a sketch counts what a plain loop counts", arguments: [1, 2, 3] as [UInt64])
    func counts(seed: UInt64) {
        let all = samples(seed, 5_000)
        let sketch = sketch(all)
        for kind in 0..<6 {
            #expect(sketch.classes[kind] == UInt64(all.count { Int($0.status & 7) == kind }))
        }
        #expect(sketch.stale == UInt64(all.count { $0.status & 0x08 != 0 }))
        #expect(sketch.incomplete == UInt64(all.count { $0.status & 0x40 != 0 }))
        #expect(sketch.missing == UInt64(all.count(where: \.value.isNaN)))
        let told = all.filter { $0.status & 7 < 2 && !$0.value.isNaN }.map(\.value)
        #expect(sketch.numbers == UInt64(told.count))
        #expect(sketch.zeros == UInt64(told.count { $0 == 0 }))
        #expect(sketch.minimum == told.min())
        #expect(sketch.maximum == told.max())
        let mean = told.reduce(0, +) / Double(told.count)
        #expect(abs((sketch.mean ?? 0) - mean) <= abs(mean) * 1e-9)
        var buckets: [UInt16: UInt64] = [:]
        for value in told {
            buckets[ValueHistogram.bucket(value == 0 ? 0 : value), default: 0] += 1
        }
        #expect(
            Dictionary(uniqueKeysWithValues: sketch.histogram.buckets.map { ($0, $1) }) == buckets)
    }

    @Test("parts of what was served add up to the whole, in any order")
    func merging() {
        let all = samples(9, 4_000)
        let whole = sketch(all)
        let parts = stride(from: 0, to: all.count, by: 333).map {
            sketch(Array(all[$0..<min($0 + 333, all.count)]))
        }
        for order in [parts, parts.reversed()] {
            var sum = FeatureSketch()
            for part in order { sum.merge(part) }
            #expect(sum.histogram == whole.histogram)
            #expect(sum.classes == whole.classes)
            #expect(sum.minimum == whole.minimum)
            #expect(sum.missing == whole.missing)
        }
    }

    @Test("buckets are ordered as their values, and a sixteenth of an octave wide")
    func buckets() {
        let values = [-1e30, -5, -1.5, -1e-9, 0, 1e-300, 1e-9, 0.01, 0.5, 1, 1.07, 31, 32, 1e18]
        let ranks = values.map { ValueHistogram.rank(ValueHistogram.bucket($0)) }
        #expect(ranks == ranks.sorted())
        #expect(Set(ranks).count == ranks.count)
        for whole in 0..<32 {
            #expect(
                ValueHistogram.bucket(Double(whole)) != ValueHistogram.bucket(Double(whole + 1)))
        }
        #expect(ValueHistogram.edge(ValueHistogram.bucket(0.3)) <= 0.3)
    }

    @Test("categories are counted by code, the most frequent first")
    func categories() {
        var sketch = FeatureSketch()
        for code in 0..<100 {
            for _ in 0...code {
                sketch.add(Double(code), status: 0, isCategory: true)
            }
        }
        sketch.add(5_000, status: 0, isCategory: true)
        let top = sketch.topCategories()
        #expect(top.count == 32)
        #expect(top[0].code == 99 && top[0].count == 100)
        #expect(top[31].code == 68)
    }

    @Test("what callers record at once is what is taken, by tenant, vector and hour")
    func recorder() async {
        let recorder = StatisticsRecorder()
        await withTaskGroup(of: Void.self) { tasks in
            for task in 0..<8 {
                tasks.addTask {
                    for index in 0..<500 {
                        recorder.record(
                            tenant: task % 2 == 0 ? "a" : "b", vector: "v@1",
                            values: [Double(index), .nan], status: [0, 2],
                            isCategory: [false, false], now: index < 250 ? 3_599_999 : 3_600_000)
                    }
                }
            }
        }
        let taken = recorder.take()
        #expect(taken.count == 4)
        for tenant in ["a", "b"] {
            for hour in 0...1 {
                let key = StatisticsRecorder.Key(tenant: tenant, vector: "v@1", hour: Int64(hour))
                let statistics = taken[key]
                #expect(statistics?.vectors == 1_000)
                #expect(statistics?.features[0].numbers == 1_000)
                #expect(statistics?.features[0].maximum == (hour == 0 ? 249 : 499))
                #expect(statistics?.features[1].missing == 1_000)
                #expect(statistics?.features[1].nullRate == 1)
            }
        }
        #expect(recorder.take().isEmpty)
    }
}
