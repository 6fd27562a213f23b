internal import CNghttp2

/// What the owner can have sent. Everything is queued until the next `drain`.
extension HTTP2Session {
    /// Headers, a framed message, and `grpc-status: 0`: the reply of a call that succeeded.
    public func submitMessage(
        _ framed: [UInt8], contentType: StaticString, on stream: HTTP2Stream
    ) {
        fields.pointee.removeAll()
        fields.pointee.append(":status", "200")
        fields.pointee.append("content-type", contentType)
        stream.trailers = .success
        submitResponse(framed, on: stream)
    }

    /// A whole response. `headers` and `trailers` have `HeaderBlock`'s format; no body and no
    /// trailers make a response of one HEADERS frame.
    public func submitResponse(
        status: Int, headers: [UInt8], body: [UInt8], trailers: (arena: [UInt8], count: Int)?,
        on stream: HTTP2Stream
    ) {
        if let trailers {
            stream.trailers = .fields(arena: trailers.arena, count: trailers.count)
        }
        withFields(status: status, headers) { submitResponse(body, on: stream) }
    }

    /// Headers with a status of 1xx; the response is still to come.
    public func submitInformational(status: Int, on stream: HTTP2Stream) {
        withFields(status: status, []) {
            _ = nghttp2_submit_headers(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, nil, fields.pointee.pointer,
                fields.pointee.count, nil)
        }
    }

    /// Fills `fields` with a status and with fields in `HeaderBlock`'s format, for as long as `body`
    /// runs.
    func withFields(status: Int, _ headers: [UInt8], _ body: () -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 3) { digits in
            let clamped = min(max(status, 100), 999)
            digits[0] = UInt8(0x30 + clamped / 100)
            digits[1] = UInt8(0x30 + clamped / 10 % 10)
            digits[2] = UInt8(0x30 + clamped % 10)
            headers.withUnsafeBytes { arena in
                let name: StaticString = ":status"
                fields.pointee.removeAll()
                fields.pointee.append(
                    UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
                    UnsafeRawBufferPointer(digits))
                HeaderBlock.forEach(arena) { fields.pointee.append($0, $1) }
                body()
            }
        }
    }

    /// Resets a stream with NO_ERROR once the whole reply has gone: the rest of the request is not
    /// wanted (RFC 9113 §8.1).
    public func resetAfterReply(_ stream: HTTP2Stream) {
        stream.resetsAfterReply = true
        if stream.localEnded, !stream.remoteEnded { reset(stream, code: .noError) }
    }

    private func submitResponse(_ body: [UInt8], on stream: HTTP2Stream) {
        stream.hasFinalHeaders = true
        if body.isEmpty, case .none = stream.trailers {
            nghttp2_submit_response(
                session, stream.id, fields.pointee.pointer, fields.pointee.count, nil)
            return
        }
        var provider = provider(of: body, on: stream)
        nghttp2_submit_response(
            session, stream.id, fields.pointee.pointer, fields.pointee.count, &provider)
    }

    /// A whole request. `headers` starts with the pseudo-headers. Nil if no stream can be opened any
    /// more: the connection is ending, or its numbers are used up.
    ///
    /// With `isStreaming` the body comes in pieces, by `append` and `finish`.
    public func submitRequest(
        headers: [UInt8], body: [UInt8], isStreaming: Bool = false
    ) -> HTTP2Stream? {
        headers.withUnsafeBytes { arena in
            fields.pointee.removeAll()
            HeaderBlock.forEach(arena) { fields.pointee.append($0, $1) }
            let stream = reserve()
            stream.isStreaming = isStreaming
            stream.expectsMore = isStreaming
            var provider = provider(of: body, on: stream)
            let pointer = Unmanaged.passUnretained(stream).toOpaque()
            let id =
                body.isEmpty && !isStreaming
                ? nghttp2_submit_request(
                    session, nil, fields.pointee.pointer, fields.pointee.count, nil, pointer)
                : nghttp2_submit_request(
                    session, nil, fields.pointee.pointer, fields.pointee.count, &provider, pointer)
            guard id > 0 else {
                close(stream)
                return nil
            }
            stream.id = id
            return stream
        }
    }

    func provider(of body: [UInt8], on stream: HTTP2Stream) -> nghttp2_data_provider {
        stream.body = body
        stream.bodySent = 0
        unsentBytes += body.count
        var provider = nghttp2_data_provider()
        provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
        provider.read_callback = HTTP2Callbacks.readBody
        return provider
    }

    /// Ends a stream at once.
    public func reset(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
        stream.isCharged = true
        nghttp2_submit_rst_stream(session, 0, stream.id, code.rawValue)
    }

    /// First phase of an orderly end: the peer learns that it should open no further streams.
    public func submitShutdownNotice() {
        nghttp2_submit_shutdown_notice(session)
    }

    /// Second phase, or an end at once: streams above the last one processed are not served.
    public func goAway(code: HTTP2ErrorCode = .noError, debug: String = "") {
        let last = nghttp2_session_get_last_proc_stream_id(session)
        let text = Array(debug.utf8)
        nghttp2_submit_goaway(session, 0, last, code.rawValue, text, text.count)
    }

    public func submitPing(_ payload: UInt64) {
        withUnsafeBytes(of: payload.bigEndian) { bytes in
            _ = nghttp2_submit_ping(
                session, 0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
    }
}

extension HTTP2Session {
    /// Changes what the peer may have open and in flight from now on.
    public func submitSettings(maximumConcurrentStreams: UInt32, streamWindow: Int32) {
        let settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                value: maximumConcurrentStreams),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(clamping: streamWindow)),
        ]
        nghttp2_submit_settings(session, 0, settings, settings.count)
    }
}
