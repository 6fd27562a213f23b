/// What the connections of one event loop tell of the calls that they serve. Belongs to the loop.
package final class ServerTelemetry {
    private let shared: RPCTelemetry
    package let meter: ServerMeter
    /// The numbers of the methods that the handler's routes stand for.
    private let routes: [Int]
    private var tracer: Tracer
    /// Calls that go well until one of them is written down.
    private var countdown: Int
    private let slow: UInt64
    /// A call without a trace may begin one.
    private let beginsTraces: Bool

    init(_ shared: RPCTelemetry, _ meter: ServerMeter, routes: [Int], seed: UInt64) {
        self.shared = shared
        self.meter = meter
        self.routes = routes
        tracer = Tracer(
            rootSampling: shared.spans == nil ? 0 : shared.settings.rootSampling,
            generator: SeededGenerator(seed: seed))
        beginsTraces = shared.settings.namesTraces || tracer.beginsTraces
        let every = shared.settings.log.successEvery
        countdown = every == 0 || !shared.isLogging ? .max : every
        slow = UInt64(clamping: shared.settings.log.slow.saturatedNanoseconds)
    }

    package var events: RuntimeEvents { shared.events }

    /// What is remembered of one call until it has ended. Times are nanoseconds of the loop's clock.
    package struct Tally {
        /// The method's number; -1 before the call was admitted, and where nothing is counted.
        fileprivate var method: Int32 = -1
        fileprivate var isEnded = false
        fileprivate var queued: UInt64?
        package var bytesIn = 0
        package var bytesOut = 0
        package fileprivate(set) var span: CallSpan?

        package init() {}
    }

    /// How a call ended.
    package struct End {
        package var code: StatusCode
        package var error: RPCError?

        package init(_ code: StatusCode, _ error: RPCError? = nil) {
            self.code = code
            self.error = error
        }
    }

    // MARK: A call

    /// A call was admitted, under one of the handler's routes.
    package func began(_ tally: inout Tally, route: Int, _ head: RequestHead) {
        begin(&tally, route < routes.count ? routes[route] : number(of: head), head)
    }

    private func number(of head: RequestHead) -> Int {
        let number = head.withBytes(head.pathField, shared.number(ofPath:))
        // A GET has its message behind the path.
        return head.method == .get && number == shared.methods.count
            ? shared.number(of: head.path) : number
    }

    private func begin(_ tally: inout Tally, _ method: Int, _ head: RequestHead) {
        tally.method = Int32(truncatingIfNeeded: method)
        meter.started(method)
        if !head.hasTrace && !beginsTraces { return }
        let names = shared.settings.namesTraces
        if shared.spans == nil, !names { return }
        let parent = head.hasTrace ? TraceContext(head.fields) : nil
        if shared.spans != nil { tally.span = tracer.begin(parent, .server, at: head.receivedAt) }
        if names, parent == nil, tally.span == nil {
            tally.span = tracer.unrecorded(at: head.receivedAt)
        }
    }

    /// A call was refused by its headers.
    package func refused(_ head: RequestHead, _ end: End, peer: Peer, at now: Instant) {
        var tally = Tally()
        begin(&tally, number(of: head), head)
        ended(&tally, head, end, peer: peer, deadline: .none, at: now)
    }

    /// The handler begins.
    @inline(__always)
    package func handlerBegan(_ tally: inout Tally, receivedAt: Instant, at now: Instant) {
        tally.queued =
            now.nanoseconds > receivedAt.nanoseconds
            ? now.nanoseconds &- receivedAt.nanoseconds : 0
    }

    /// The handler has ended; with it ends the call, unless it has already.
    @inline(__always)
    package func handlerEnded(_ tally: inout Tally, receivedAt: Instant, at now: Instant) {
        guard tally.method >= 0, let queued = tally.queued else { return }
        let began = receivedAt.nanoseconds &+ queued
        meter.handled(
            Int(tally.method), queued: queued,
            ran: now.nanoseconds > began ? now.nanoseconds &- began : 0)
    }

    /// The call has gone well. False if there is more to be done with it: then `ended` must follow.
    /// What most calls come by: it looks at numbers alone.
    @inline(__always)
    package func endedWell(
        _ tally: inout Tally, receivedAt: Instant, bytesOut: Int, at now: Instant
    ) -> Bool {
        let took =
            now.nanoseconds > receivedAt.nanoseconds
            ? now.nanoseconds &- receivedAt.nanoseconds : 0
        guard tally.method >= 0, !tally.isEnded, tally.span == nil, took < slow, countdown > 1
        else { return false }
        tally.isEnded = true
        if countdown < .max { countdown -= 1 }
        meter.ended(
            Int(tally.method), .ok, took: took, bytesIn: tally.bytesIn, bytesOut: bytesOut)
        return true
    }

    /// The call's status stands. Only the first end counts.
    package func ended(
        _ tally: inout Tally, _ head: RequestHead, _ end: End, peer: Peer,
        deadline: Deadline, at now: Instant
    ) {
        guard tally.method >= 0, !tally.isEnded else { return }
        tally.isEnded = true
        let method = Int(tally.method)
        let took =
            now.nanoseconds > head.receivedAt.nanoseconds
            ? now.nanoseconds &- head.receivedAt.nanoseconds : 0
        meter.ended(
            method, end.code, took: took, bytesIn: tally.bytesIn, bytesOut: tally.bytesOut)
        if let span = tally.span, span.context.isSampled {
            record(span, method, end, took, at: now)
        }
        if end.code == .ok, took < slow {
            if countdown == .max { return }
            countdown -= 1
            if countdown > 0 { return }
            countdown = max(1, shared.settings.log.successEvery)
        }
        log(tally, head, end, peer, deadline, took, now)
    }

    private func record(
        _ span: CallSpan, _ method: Int, _ end: End, _ took: UInt64, at now: Instant
    ) {
        var attributes: [(name: String, value: String)] = []
        if let reason = end.error?.reason { attributes.append(("assay.reason", reason)) }
        shared.finished(span, method, end.code, at: now, attributes)
        shared.exemplars.note(
            ServerMeter.schema.instruments[0].name, target: nil, method, end.code, took: took,
            of: span.context)
    }

    private func log(
        _ tally: Tally, _ head: RequestHead, _ end: End, _ peer: Peer,
        _ deadline: Deadline, _ took: UInt64, _ now: Instant
    ) {
        let (fields, receivedAt) = (head.fields, head.receivedAt)
        shared.log(
            {
                let method = Int(tally.method)
                var record = CallRecord(
                    method: method < shared.methods.count ? shared.methods[method] : nil,
                    code: end.code, reason: end.error?.reason,
                    error: end.error.map { $0.cause ?? $0 }, peer: peer, receivedAt: receivedAt,
                    requestID: fields[AssayHeader.requestID] ?? "")
                record.traceID =
                    tally.span?.context.traceID ?? TraceContext(fields)?.traceID ?? ""
                record.duration = .nanoseconds(Int64(clamping: took))
                record.queue = tally.queued.map { .nanoseconds(Int64(clamping: $0)) }
                record.attempt = fields["grpc-previous-rpc-attempts"].flatMap { Int($0) } ?? 0
                record.bytesIn = tally.bytesIn
                record.bytesOut = tally.bytesOut
                record.deadline = deadline.remaining(at: receivedAt)
                record.criticality = fields[AssayHeader.criticality] ?? ""
                return record
            }(), isProblem: end.code != .ok || took >= slow, at: now)
    }
}
