import RPC
import Testing

@Suite("Counting calls")
struct MeterTests {
    @Test("each number falls into the first range whose bound is not below it")
    func ranges() {
        for layout in [HistogramLayout.time, .size] {
            var generator = SeededGenerator(seed: 3)
            var numbers: [UInt64] = [0, 1, .max] + layout.bounds + layout.bounds.map { $0 + 1 }
            for _ in 0..<10_000 {
                numbers.append(generator.next() >> UInt64(generator.index(below: 64)))
            }
            for number in numbers {
                let expected = layout.bounds.firstIndex { $0 >= number } ?? layout.bounds.count
                #expect(layout.range(of: number) == expected, "\(number)")
            }
        }
    }

    @Test("calls are summed over loops, by method and status")
    func sums() throws {
        let telemetry = RPCTelemetry(methods: Self.methods, settings: .init(seed: 1))
        let halves = (0..<2).map { _ in telemetry.server(routes: Self.methods) }
        for half in halves {
            half.meter.started(1)
            half.meter.handled(1, queued: 40_000, ran: 2_000_000)
            half.meter.ended(1, .ok, took: 2_040_000, bytesIn: 70, bytesOut: 300)
        }
        halves[0].meter.started(1)
        halves[0].meter.ended(1, .internal, took: 1, bytesIn: 0, bytesOut: 0)
        let totals = CallMeter.total(telemetry.serverMeters.map(\.calls))
        #expect(totals.counts == [.init(instrument: 0, method: 1): 3])
        let good = try #require(totals.histograms[.init(instrument: 0, method: 1, status: 0)])
        #expect(good.count == 2)
        #expect(good.sum == 4_080_000)
        #expect(good.counts[HistogramLayout.time.range(of: 2_040_000)] == 2)
        let failed = try #require(totals.histograms[.init(instrument: 0, method: 1, status: 13)])
        #expect(failed.count == 1)
        let queue = try #require(totals.histograms[.init(instrument: 4, method: 1)])
        #expect(queue.sum == 80_000)
        #expect(totals.histograms[.init(instrument: 0, method: 0, status: 0)] == nil)
    }

    @Test("a path that no schema has is counted as unknown")
    func unknown() {
        let telemetry = RPCTelemetry(methods: Self.methods, settings: .init(seed: 1))
        let half = telemetry.client(target: "a")
        var tally = ClientTelemetry.Tally()
        let now = Instant(nanoseconds: 5)
        func request(_ target: String) -> RawRequest {
            RawRequest(target: target, headers: Metadata(), body: [])
        }
        half.began(&tally, request("/from/outside"), at: now)
        #expect(telemetry.label(tally.method) == "unknown")
        half.began(&tally, request("/a.B/D?encoding=json"), at: now)
        #expect(telemetry.label(tally.method) == "a.B/D")
    }

    @Test("labels from outside cannot fill the memory")
    func bounded() {
        let events = RuntimeEvents()
        for number in 0..<5_000 { events.count(.abuse, "\(number)", "close", "edge") }
        #expect(events.all.count <= 1_001)
        #expect(events.all.values.reduce(0, +) == 5_000)
    }

    static let methods = ["/a.B/C", "/a.B/D"].map {
        MethodDescriptor(path: $0, kind: .unary, access: .public)
    }
}

@Suite("What is written down of calls")
struct CallLogTests {
    @Test("lines are limited per second, after two seconds' worth at once")
    func limit() {
        var limit = LineLimit(perSecond: 10)
        var now = Instant(nanoseconds: 1_000)
        #expect((0..<100).count { _ in limit.allows(at: now) } == 20)
        now = now + .milliseconds(500)
        #expect((0..<100).count { _ in limit.allows(at: now) } == 5)
        now = now + .seconds(3600)
        #expect((0..<100).count { _ in limit.allows(at: now) } == 20)
    }

    @Test("no limit at all, and no lines at all, are limits too")
    func extremes() {
        var all = LineLimit(perSecond: .max)
        #expect((0..<1000).count { _ in all.allows(at: Instant(nanoseconds: 0)) } == 1000)
        var none = LineLimit(perSecond: 0)
        #expect((0..<1000).count { none.allows(at: Instant(nanoseconds: UInt64($0) << 40)) } == 0)
    }
}

@Suite("Spans on their way out")
struct SpanQueueTests {
    private func span(_ number: UInt64) -> FinishedSpan {
        let context = TraceContext(traceHigh: 1, traceLow: 1, spanID: number, isSampled: true)
        let start = Instant(nanoseconds: number)
        return FinishedSpan(
            span: CallSpan(context, parentSpanID: nil, kind: .server, startedAt: start),
            name: "a.B/C", endedAt: start, code: .ok, attributes: [])
    }

    @Test("the oldest go when there is no room, and are counted")
    func oldestDropped() {
        let queue = SpanQueue(capacity: 4)
        for number in 1...7 { queue.add(span(UInt64(number))) }
        let first = queue.take(most: 3)
        #expect(first.spans.map(\.span.context.spanID) == [4, 5, 6])
        #expect(first.dropped == 3)
        queue.add(span(8))
        let second = queue.take(most: 512)
        #expect(second.spans.map(\.span.context.spanID) == [7, 8])
        #expect(second.dropped == 0)
        #expect(queue.take(most: 1).spans.isEmpty)
    }
}
