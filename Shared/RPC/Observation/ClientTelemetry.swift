/// What a client's calls on one event loop tell. Belongs to the loop.
package final class ClientTelemetry {
    private let shared: RPCTelemetry
    package let meter: ClientMeter
    private var tracer: Tracer
    private var countdown: Int
    private let slow: UInt64
    private let target: String

    init(_ shared: RPCTelemetry, _ meter: ClientMeter, seed: UInt64) {
        self.shared = shared
        self.meter = meter
        target = meter.calls.target ?? ""
        tracer = Tracer(
            rootSampling: shared.spans == nil ? 0 : shared.settings.rootSampling,
            generator: SeededGenerator(seed: seed))
        let every = shared.settings.log.successEvery
        countdown = every == 0 || !shared.isLogging ? .max : every
        slow = UInt64(clamping: shared.settings.log.slow.saturatedNanoseconds)
    }

    /// Counts an event of this target.
    package func count(_ family: RuntimeEvents.Family, _ label: String, by amount: Int = 1) {
        shared.events.count(family, label, target, by: amount)
    }

    package var events: RuntimeEvents { shared.events }

    /// What is remembered of one call until it has ended.
    package struct Tally {
        package fileprivate(set) var method = 0
        fileprivate var startedAt = Instant(nanoseconds: 0)
        package fileprivate(set) var span: CallSpan?
        package var attempts = 0
        package var bytesIn = 0
        package var bytesOut = 0

        package init() {}
    }

    // MARK: A call

    package func began(_ tally: inout Tally, _ request: RawRequest, at now: Instant) {
        tally.method = shared.number(of: request.target)
        tally.startedAt = now
        meter.callStarted(tally.method)
        if shared.spans == nil { return }
        let context = request.span?.context ?? TraceContext(request.headers)
        if context == nil, request.isChild { return }
        tally.span = tracer.begin(context, .client, at: now)
    }

    /// An attempt begins. Returns its span; nil if the call is not recorded.
    package func attemptBegan(_ tally: inout Tally, at now: Instant) -> CallSpan? {
        tally.attempts += 1
        meter.attemptStarted(tally.method)
        return attemptSpan(of: tally, at: now)
    }

    /// The span of an attempt that is counted when its stream opens.
    package func attemptSpan(of tally: Tally, at now: Instant) -> CallSpan? {
        guard let span = tally.span else { return nil }
        return tracer.begin(span.context, .client, at: now)
    }

    package func attemptStarted(_ tally: Tally) { meter.attemptStarted(tally.method) }

    package func attemptEnded(
        _ tally: inout Tally, _ code: StatusCode, span: CallSpan?, number: Int, sentAt: Instant,
        bytesIn: Int, bytesOut: Int, at now: Instant
    ) {
        tally.bytesIn = bytesIn
        tally.bytesOut = bytesOut
        // What was never sent took no time.
        let took = sentAt.nanoseconds == 0 ? 0 : Self.nanoseconds(sentAt, now)
        meter.attemptEnded(
            tally.method, code, took: took, bytesIn: bytesIn, bytesOut: bytesOut)
        guard let span else { return }
        shared.finished(
            span, tally.method, code, at: now,
            [("rpc.attempt", "\(number)"), ("server.address", target)])
    }

    /// The call has its result.
    package func ended(
        _ tally: Tally, _ code: StatusCode, _ error: RPCError?,
        _ headers: Metadata, deadline: Deadline, at now: Instant
    ) {
        let took = Self.nanoseconds(tally.startedAt, now)
        meter.callEnded(tally.method, code, took: took)
        if let span = tally.span {
            shared.finished(span, tally.method, code, at: now, [("server.address", target)])
            shared.exemplars.note(
                ClientMeter.schema.instruments[0].name, target: target, tally.method, code,
                took: took, of: span.context)
        }
        if code == .ok, took < slow {
            if countdown == .max { return }
            countdown -= 1
            if countdown > 0 { return }
            countdown = max(1, shared.settings.log.successEvery)
        }
        log(tally, code, error, headers, deadline, took, now)
    }

    private func log(
        _ tally: Tally, _ code: StatusCode, _ error: RPCError?, _ headers: Metadata,
        _ deadline: Deadline, _ took: UInt64, _ now: Instant
    ) {
        shared.log(
            {
                var record = CallRecord(
                    method: tally.method < shared.methods.count
                        ? shared.methods[tally.method] : nil,
                    code: code, reason: error?.reason, error: error,
                    peer: Peer(address: target), receivedAt: tally.startedAt,
                    requestID: headers[AssayHeader.requestID] ?? "")
                record.side = .made
                record.traceID =
                    tally.span?.context.traceID ?? TraceContext(headers)?.traceID ?? ""
                record.duration = .nanoseconds(Int64(clamping: took))
                record.attempt = max(0, tally.attempts - 1)
                record.bytesIn = tally.bytesIn
                record.bytesOut = tally.bytesOut
                record.deadline = deadline.remaining(at: tally.startedAt)
                record.criticality = headers[AssayHeader.criticality] ?? ""
                return record
            }(), isProblem: code != .ok || took >= slow, at: now)
    }

    private static func nanoseconds(_ start: Instant, _ end: Instant) -> UInt64 {
        end.nanoseconds > start.nanoseconds ? end.nanoseconds &- start.nanoseconds : 0
    }
}
