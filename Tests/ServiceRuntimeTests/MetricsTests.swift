import ServiceRuntime
import Testing

@Suite("Metrics")
struct MetricsTests {
    @Test("the text is Prometheus' format, sorted, with escaped labels")
    func text() {
        let registry = MetricsRegistry()
        registry.counter("b_total", help: "Bs.", labels: ["kind": "a\"b\\c\nd"]).increment(by: 3)
        registry.counter("b_total", help: "Bs.", labels: ["kind": "A"]).increment()
        registry.gauge("a", help: "A\nline.").set(1.5)
        registry.collect { text in
            text.header("z", help: "Z.", kind: .gauge)
            text.sample("z", labels: [("x", "y")], .infinity)
        }
        #expect(
            registry.text() == """
                # HELP a A\\nline.
                # TYPE a gauge
                a 1.5
                # HELP b_total Bs.
                # TYPE b_total counter
                b_total{kind="A"} 1
                b_total{kind="a\\"b\\\\c\\nd"} 3
                # HELP z Z.
                # TYPE z gauge
                z{x="y"} +Inf

                """)
    }

    @Test("a histogram counts cumulatively, bounds included")
    func histogram() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("h", help: "H.", bounds: [1, 2])
        for value in [0.5, 1, 1.5, 2, 9, .nan] { histogram.observe(value) }
        #expect(
            registry.text() == """
                # HELP h H.
                # TYPE h histogram
                h_bucket{le="1"} 2
                h_bucket{le="2"} 4
                h_bucket{le="+Inf"} 5
                h_sum 14
                h_count 5

                """)
        histogram.observe(.milliseconds(500))
        #expect(histogram.sum == 14.5)
    }

    @Test("asking twice gives the same metric")
    func identity() {
        let registry = MetricsRegistry()
        let first = registry.counter("a_total", help: "A.", labels: ["x": "1"])
        #expect(first === registry.counter("a_total", help: "A.", labels: ["x": "1"]))
        #expect(first !== registry.counter("a_total", help: "A.", labels: ["x": "2"]))
    }

    @Test("too many label values are counted together")
    func cardinality() {
        let registry = MetricsRegistry()
        for index in 0..<MetricsRegistry.maximumSeries + 50 {
            registry.counter("a_total", help: "A.", labels: ["x": "\(index)"]).increment()
        }
        #expect(registry.text().contains("a_total{x=\"overflow\"} 50"))
        #expect(registry.text().split(separator: "\n").count == MetricsRegistry.maximumSeries + 3)
    }

    @Test("nothing is lost when many threads count")
    func concurrency() async {
        let registry = MetricsRegistry()
        let counter = registry.counter("a_total", help: "A.")
        let gauge = registry.gauge("g", help: "G.")
        let histogram = registry.histogram("h", help: "H.", bounds: [1])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.increment()
                        gauge.add(1)
                        histogram.observe(0.5)
                    }
                }
            }
        }
        #expect(counter.value == 8000)
        #expect(gauge.value == 8000)
        #expect(histogram.counts == [8000, 0] && histogram.sum == 4000)
    }
}
