internal import CNghttp2

/// Bodies that come in pieces. Pieces gather while the peer's window is closed; who adds them keeps
/// the sum within bounds by what `HTTP2SessionDelegate.sent` tells.
extension HTTP2Session {
    /// Starts a response on the gRPC face: its headers go with the next `drain`. `headers` are further
    /// ones, in `HeaderBlock`'s format.
    public func startResponse(
        contentType: StaticString, encoding: StaticString? = nil, headers: [UInt8] = [],
        on stream: HTTP2Stream
    ) {
        fields.pointee.removeAll()
        fields.pointee.append(":status", "200")
        fields.pointee.append("content-type", contentType)
        if let encoding { fields.pointee.append("grpc-encoding", encoding) }
        stream.hasFinalHeaders = true
        stream.isStreaming = true
        stream.expectsMore = true
        var provider = provider(of: [], on: stream)
        headers.withUnsafeBytes { arena in
            HeaderBlock.forEach(arena) { fields.pointee.append($0, $1) }
            nghttp2_submit_response(
                session, stream.id, fields.pointee.pointer, fields.pointee.count, &provider)
        }
    }

    /// Starts a response whose body comes in pieces, with any status. `headers` have `HeaderBlock`'s
    /// format, without pseudo-headers.
    public func startResponse(status: Int, headers: [UInt8], on stream: HTTP2Stream) {
        stream.hasFinalHeaders = true
        stream.isStreaming = true
        stream.expectsMore = true
        var provider = provider(of: [], on: stream)
        withFields(status: status, headers) {
            nghttp2_submit_response(
                session, stream.id, fields.pointee.pointer, fields.pointee.count, &provider)
        }
    }

    /// Adds a piece to the body.
    public func append(_ bytes: [UInt8], to stream: HTTP2Stream) {
        unsentBytes += bytes.count
        stream.append(bytes)
        resume(stream)
    }

    /// Ends a request: nothing follows the pieces that were added.
    public func finish(_ stream: HTTP2Stream) {
        stream.expectsMore = false
        resume(stream)
    }

    /// Ends a response with trailers in `HeaderBlock`'s format; nil stands for `grpc-status: 0`.
    public func finish(
        _ stream: HTTP2Stream, trailers: (arena: [UInt8], count: Int)?
    ) {
        stream.trailers =
            trailers.map { .fields(arena: $0.arena, count: $0.count) } ?? .success
        finish(stream)
    }

    private func resume(_ stream: HTTP2Stream) {
        nghttp2_session_resume_data(session, stream.id)
    }

    func sentPiece(_ count: Int, of stream: HTTP2Stream) {
        if stream.unsent == 0 { stream.dropSent() }
        delegate.sent(count, on: stream)
    }

    /// To be called at intervals: the streams that had something to send at this call and at each of
    /// the `sweeps` ones before, and sent nothing in between. Their peer keeps its window closed.
    public func stalledStreams(after sweeps: Int) -> [HTTP2Stream] {
        openStreamList.filter { stream in
            let isStuck = stream.unsent > 0 && stream.progress == stream.seenProgress
            stream.sweepsWithoutProgress = isStuck ? stream.sweepsWithoutProgress + 1 : 0
            stream.seenProgress = stream.unsent > 0 ? stream.progress : nil
            return stream.sweepsWithoutProgress >= sweeps
        }
    }
}
