internal import CNghttp2

/// The library's callbacks. They hold no state: the session comes with every call.
///
/// Sendable: the table is filled once, before anyone sees it, and only read afterwards.
final class HTTP2Callbacks: @unchecked Sendable {
    static let shared = HTTP2Callbacks()

    let pointer: OpaquePointer

    private init() {
        var made: OpaquePointer?
        guard nghttp2_session_callbacks_new(&made) == 0, let made else {
            fatalError("out of memory for HTTP/2 callbacks")
        }
        pointer = made
        nghttp2_session_callbacks_set_on_begin_frame_callback(pointer) { _, header, user in
            guard let header, let user else { return 0 }
            return HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef {
                $0.beganFrame(header.pointee)
            }
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(pointer) { _, frame, user in
            guard let frame, let user else { return 0 }
            return HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef {
                $0.beginHeaders(frame.pointee)
            }
        }
        nghttp2_session_callbacks_set_on_header_callback(pointer) {
            _, _, name, nameCount, value, valueCount, _, user in
            guard let user else { return 0 }
            return HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef {
                $0.header(
                    UnsafeRawBufferPointer(start: name, count: nameCount),
                    UnsafeRawBufferPointer(start: value, count: valueCount))
            }
        }
        // Told of fields that HTTP forbids and that the library would leave out.
        nghttp2_session_callbacks_set_on_invalid_header_callback(pointer) {
            _, _, _, _, _, _, _, user in
            guard let user else { return 0 }
            return HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef { $0.invalidHeader() }
        }
        nghttp2_session_callbacks_set_unpack_extension_callback(pointer) { _, _, header, user in
            guard let header, let user else { return 0 }
            HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef {
                $0.receivedExtension(header.pointee)
            }
            return NGHTTP2_ERR_CANCEL.rawValue
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(pointer) {
            _, flags, id, bytes, count, user in
            guard let user else { return 0 }
            HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef {
                $0.data(id, flags, UnsafeRawBufferPointer(start: bytes, count: count))
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(pointer) { _, frame, user in
            guard let frame, let user else { return 0 }
            HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef { $0.frame(frame) }
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(pointer) {
            _, frame, code, user in
            guard let frame, let user else { return 0 }
            HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef {
                $0.invalidFrame(frame.pointee.hd, code)
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(pointer) { _, id, code, user in
            guard let user else { return 0 }
            HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef { $0.streamClosed(id, code) }
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(pointer) { _, frame, user in
            guard let user, let frame else { return 0 }
            let header = frame.pointee.hd
            let isEnd = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
            guard isEnd || header.type >= UInt8(NGHTTP2_RST_STREAM.rawValue) else { return 0 }
            HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef { $0.sent(frame) }
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(pointer) {
            _, frame, header, count, source, user in
            guard let frame, let header, let pointer = source?.pointee.ptr, let user else {
                return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
            }
            precondition(frame.pointee.data.padlen == 0, "we never ask for padding")
            let head = UnsafeRawBufferPointer(start: header, count: 9)
            return HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef {
                // Sound: the source was set to a stream that lives until its close callback.
                $0.sendBody(
                    of: Unmanaged<HTTP2Stream>.fromOpaque(pointer), behind: head, count)
            }
        }
    }

    /// The session of a callback. Sound: the pointer is the session's own, which frees the library's
    /// session in its deinit and is held by its caller; so it need not be retained again.
    private static func session(_ user: UnsafeMutableRawPointer) -> Unmanaged<HTTP2Session> {
        Unmanaged<HTTP2Session>.fromOpaque(user)
    }

    /// States how much of a body goes into the next DATA frame; the bytes themselves follow in the
    /// send-data callback, straight into the output.
    static let readBody: nghttp2_data_source_read_callback = {
        library, id, _, room, flags, source, user in
        guard let flags, let pointer = source?.pointee.ptr, let user else { return 0 }
        return Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { stream in
            let rest = stream.body.count - stream.bodySent
            let count = min(room, rest)
            if count == 0, stream.expectsMore { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
            flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
            if count < rest || stream.expectsMore { return count }
            flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
            if stream.hasTrailers {
                flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
                HTTP2Callbacks.session(user)._withUnsafeGuaranteedRef {
                    $0.submitTrailers(of: stream)
                }
            }
            return count
        }
    }
}

extension HTTP2Session {
    private static let temporal = Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)

    fileprivate func beginHeaders(_ frame: nghttp2_frame) -> Int32 {
        headers.pointee.removeAll()
        guard role == .server, frame.headers.cat == NGHTTP2_HCAT_REQUEST else {
            currentStream = stream(frame.hd.stream_id)
            blockStart = now
            return 0
        }
        currentStream = open(frame.hd.stream_id)
        blockStart = now
        if !admitStream() { end("stream_rate") }
        return 0
    }

    fileprivate func header(
        _ name: UnsafeRawBufferPointer, _ untrimmed: UnsafeRawBufferPointer
    ) -> Int32 {
        let headers = headers
        let value = Self.trimmed(untrimmed)
        let size = headers.pointee.listSize + name.count + value.count + 32
        if size > profile.hardMetadataBytes
            || headers.pointee.fieldCount >= profile.hardMetadataFields
        {
            abandonBlock()
            charge(.hugeHeaders)
            return Self.temporal
        }
        let isTarget = name.count == 5 && name.elementsEqual(":path".utf8)
        if isTarget { headers.pointee.targetBytes = value.count }
        if size - headers.pointee.targetBytes > profile.maximumMetadataBytes
            || headers.pointee.count >= profile.maximumMetadataFields
            || isTarget && value.count > profile.maximumTargetBytes
        {
            headers.pointee.skip(nameCount: name.count, valueCount: value.count)
        } else {
            headers.pointee.append(name, value)
        }
        return 0
    }

    /// A field that HTTP forbids: a server resets the stream, a client goes on without the field.
    fileprivate func invalidHeader() -> Int32 { role == .server ? Self.temporal : 0 }

    /// The block is read no further, and the library resets its stream for us.
    private func abandonBlock() {
        currentStream?._withUnsafeGuaranteedRef { $0.isCharged = true }
        leaveBlock()
    }

    /// A value without the blanks around it (gRPC PROTOCOL-HTTP2, "ASCII-Value").
    private static func trimmed(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let first = value.first, let last = value.last else { return value }
        guard isBlank(first) || isBlank(last) else { return value }
        let start = value.firstIndex { !isBlank($0) } ?? value.endIndex
        let end = value.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? start
        return UnsafeRawBufferPointer(rebasing: value[start..<end])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Puts a DATA frame into the output: its head, then a piece of the body.
    fileprivate func sendBody(
        of stream: Unmanaged<HTTP2Stream>, behind head: UnsafeRawBufferPointer, _ count: Int
    ) -> Int32 {
        stream._withUnsafeGuaranteedRef { stream in
            let start = stream.bodySent
            stream.bodySent = start + count
            unsentBytes -= count
            hasSentSincePing = true
            output.pointee.append(head)
            stream.body.withUnsafeBytes {
                output.pointee.append(UnsafeRawBufferPointer(rebasing: $0[start..<start + count]))
            }
            if stream.isStreaming { sentPiece(count, of: stream) }
            return 0
        }
    }

    fileprivate func data(_ id: Int32, _ flags: UInt8, _ bytes: UnsafeRawBufferPointer) {
        stream(id)?._withUnsafeGuaranteedRef { stream in
            if flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 { stream.remoteEnded = true }
            credit.received += bytes.count
            delegate.received(bytes, on: stream)
        }
    }

    fileprivate func frame(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue: headersEnded(header)
        case NGHTTP2_DATA.rawValue:
            if header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 {
                stream(header.stream_id)?._withUnsafeGuaranteedRef { stream in
                    stream.remoteEnded = true
                    delegate.receivedEnd(of: stream)
                }
            } else if Int(header.length) <= frame.pointee.data.padlen {
                charge(.emptyData)
            }
        case NGHTTP2_SETTINGS.rawValue:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 {
                charge(.settings)
                delegate.receivedSettings()
            }
        case NGHTTP2_PING.rawValue: receivedPing(frame.pointee.ping)
        case NGHTTP2_RST_STREAM.rawValue: receivedReset(header)
        case NGHTTP2_WINDOW_UPDATE.rawValue:
            if frame.pointee.window_update.window_size_increment < 64 {
                charge(.smallWindowUpdate)
            }
        case NGHTTP2_GOAWAY.rawValue: receivedGoAway(frame.pointee.goaway)
        default: break
        }
    }

    private func headersEnded(_ header: nghttp2_frame_hd) {
        guard let current = currentStream else { return }
        currentStream = nil
        current._withUnsafeGuaranteedRef { stream in
            if stream.id == header.stream_id { headersEnded(header, on: stream) }
        }
    }

    private func headersEnded(_ header: nghttp2_frame_hd, on stream: HTTP2Stream) {
        let isLast = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        if isLast { stream.remoteEnded = true }
        let isFirst = role == .server ? !stream.hasRequest : !stream.hasFinalHeaders
        if role == .client, isFirst, headers.pointee.isInformational {
            return delegate.receivedInformational(on: stream)
        }
        if isFirst {
            if role == .client { stream.hasFinalHeaders = true }
            stream.hasRequest = true
            delegate.received(headers.pointee.block, on: stream, isLast: isLast)
        } else {
            delegate.receivedTrailers(headers.pointee.block, on: stream)
        }
        // What the delegate submits is sent later, so the stream is still there.
        if isLast { delegate.receivedEnd(of: stream) }
    }

    private func receivedPing(_ ping: nghttp2_ping) {
        if ping.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 {
            if !hasSentSincePing { charge(.ping) }
            delegate.receivedPing(isAnswer: hasSentSincePing)
            hasSentSincePing = false
            return
        }
        let payload = withUnsafeBytes(of: ping.opaque_data) {
            UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self))
        }
        delegate.receivedPingAcknowledgement(payload)
    }

    private func receivedGoAway(_ frame: nghttp2_goaway) {
        let debug = UnsafeBufferPointer(start: frame.opaque_data, count: frame.opaque_data_len)
        delegate.receivedGoAway(
            lastStreamID: frame.last_stream_id, code: HTTP2ErrorCode(rawValue: frame.error_code),
            debug: String(decoding: debug.prefix(128), as: UTF8.self))
    }

    fileprivate func streamClosed(_ id: Int32, _ code: UInt32) {
        stream(id)?._withUnsafeGuaranteedRef { stream in
            delegate.closed(stream, code: HTTP2ErrorCode(rawValue: code))
            close(stream)
        }
    }

    fileprivate func sent(_ frame: UnsafePointer<nghttp2_frame>) {
        switch UInt32(frame.pointee.hd.type) {
        case NGHTTP2_DATA.rawValue, NGHTTP2_HEADERS.rawValue: sentEnd(frame.pointee.hd)
        case NGHTTP2_RST_STREAM.rawValue: sentReset(frame.pointee.rst_stream)
        case NGHTTP2_GOAWAY.rawValue: sentGoAway(frame.pointee.goaway)
        default: break
        }
    }

    private func sentEnd(_ header: nghttp2_frame_hd) {
        hasSentSincePing = true
        guard role == .server else { return }
        stream(header.stream_id)?._withUnsafeGuaranteedRef { stream in
            stream.localEnded = true
            if stream.resetsAfterReply, !stream.remoteEnded { reset(stream, code: .noError) }
        }
    }

    fileprivate func submitTrailers(of stream: HTTP2Stream) {
        fields.pointee.removeAll()
        switch stream.trailers {
        case .none: return
        case .success:
            fields.pointee.append("grpc-status", "0")
            nghttp2_submit_trailer(session, stream.id, fields.pointee.pointer, fields.pointee.count)
        case .fields(let arena, _):
            arena.withUnsafeBytes { arena in
                HeaderBlock.forEach(arena) { fields.pointee.append($0, $1) }
                _ = nghttp2_submit_trailer(
                    session, stream.id, fields.pointee.pointer, fields.pointee.count)
            }
        }
    }
}
