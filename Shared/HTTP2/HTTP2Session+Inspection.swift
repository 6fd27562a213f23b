internal import CNghttp2

/// What a person wants to know of a session.
extension HTTP2Session {
    /// The room that the peer gives us on a stream; negative if it took some back.
    public func remoteWindow(of stream: HTTP2Stream) -> Int {
        Int(nghttp2_session_get_stream_remote_window_size(session, stream.id))
    }

    /// The room that we give the peer on a stream.
    public func localWindow(of stream: HTTP2Stream) -> Int {
        Int(nghttp2_session_get_stream_local_window_size(session, stream.id))
    }

    /// Points that the peer may still lose by misbehaving.
    public var scoreLeft: Int { score.points }
}
