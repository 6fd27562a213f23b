internal import CNghttp2

/// What a peer does that it should not, and what follows.
extension HTTP2Session {
    /// Charges what the owner saw on a stream: an event of its own layer.
    public func charge(_ event: MisbehaviourScore.Event) {
        let isWithinScore = score.charge(event, now: now)
        let ends = !isWithinScore && profile.enforcesScore && misbehaviour == nil
        lastEvent = event
        delegate.misbehaved(event.rawValue, ends: ends)
        if ends { goAway(misbehaved: event.rawValue) }
    }

    /// Charges an event that came with a stream's number, unless the stream was reset lately.
    func charge(_ event: MisbehaviourScore.Event, stream id: Int32) {
        if !recentResets.contains(id, at: now) { charge(event) }
    }

    /// Ends the connection because of what the peer did: GOAWAY, flush, close.
    public func end(_ reason: String) {
        if misbehaviour != nil { return }
        delegate.misbehaved(reason, ends: profile.enforcesScore)
        if profile.enforcesScore { goAway(misbehaved: reason) }
    }

    private func goAway(misbehaved reason: String) {
        misbehaviour = reason
        goAway(code: .enhanceYourCalm, debug: reason)
    }

    /// What the library refuses to read on about; it has sent no GOAWAY then.
    func ended(by code: Int32) {
        if misbehaviour != nil { return }
        switch code {
        case NGHTTP2_ERR_FLOODED.rawValue: end(lastEvent?.rawValue ?? "unacknowledged")
        case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue: end("continuation_flood")
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: return
        default: break
        }
        if misbehaviour == nil { goAway(code: .enhanceYourCalm, debug: Self.text(code)) }
    }

    /// Whether more waits to be sent than an honest peer lets pile up: a response per open stream, and
    /// some frames of the connection's own.
    public var hasTooManyQueuedFrames: Bool {
        nghttp2_session_get_outbound_queue_size(session)
            > profile.maximumQueuedFrames + 2 * openStreams
    }

    // MARK: What the library reports

    func beganFrame(_ header: nghttp2_frame_hd) -> Int32 {
        // Nothing is read any more once the connection is ending.
        if isEnding { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
        // Reported here alone: the library ignores what the frame says.
        if header.type == UInt8(NGHTTP2_PRIORITY.rawValue) {
            charge(.priority, stream: header.stream_id)
        }
        return 0
    }

    func receivedExtension(_ header: nghttp2_frame_hd) {
        charge(.extensionFrame, stream: header.stream_id)
    }

    /// A frame that the library answers with a reset of its stream or the end of the connection.
    func invalidFrame(_ header: nghttp2_frame_hd, _ code: Int32) {
        let stream = stream(header.stream_id)
        let isReset = stream?._withUnsafeGuaranteedRef(\.isCharged) ?? false
        stream?._withUnsafeGuaranteedRef { $0.isCharged = true }
        leaveBlock()
        switch code {
        case NGHTTP2_ERR_REFUSED_STREAM.rawValue:
            if !admitStream() { end("stream_rate") }
        case NGHTTP2_ERR_HTTP_HEADER.rawValue, NGHTTP2_ERR_HTTP_MESSAGING.rawValue:
            if !isReset { charge(.invalidMessaging) }
        case NGHTTP2_ERR_FLOW_CONTROL.rawValue where header.stream_id != 0:
            if !isReset { charge(.forcedReset) }
        default: charge(.invalidFrame)
        }
    }

    func receivedReset(_ header: nghttp2_frame_hd) {
        let id = header.stream_id
        defer { recentResets.insert(id, at: now) }
        guard role == .server else { return }
        guard let stream = stream(id) else { return charge(.staleReset, stream: id) }
        stream._withUnsafeGuaranteedRef { stream in
            if !stream.isCharged, !stream.hasStartedResponse { charge(.earlyReset) }
        }
    }

    func sentReset(_ frame: nghttp2_rst_stream) {
        let id = frame.hd.stream_id
        recentResets.insert(id, at: now)
        stream(id)?._withUnsafeGuaranteedRef { stream in
            if stream.isCharged { return }
            stream.isCharged = true
            charge(.forcedReset)
        }
    }

    func sentGoAway(_ frame: nghttp2_goaway) {
        delegate.sentGoAway(code: HTTP2ErrorCode(rawValue: frame.error_code))
    }

    // MARK: Rates

    /// Counts a new stream. False if the peer opens them too fast.
    func admitStream() -> Bool {
        if profile.maximumStreamsPerSecond == 0 { return true }
        if now &- rateWindowStart >= 1_000_000_000 {
            rateWindowStart = now
            streamsInWindow = 0
        }
        streamsInWindow += 1
        return streamsInWindow <= profile.maximumStreamsPerSecond
    }

    // MARK: Header blocks

    /// Since when a block of fields of a stream is coming whose end has not come; nil if none is.
    public var openBlockStart: UInt64? { currentStream == nil ? nil : blockStart }

    /// The block that is coming counts no more.
    func leaveBlock() { currentStream = nil }
}
