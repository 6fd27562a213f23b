internal import CNghttp2

/// What follows when `FrameWatch` finds something.
extension HTTP2Session {
    /// Everything before the suspicious frame was read. What the library still has a stream for, it
    /// judges itself.
    func judge(_ suspicion: FrameWatch.Suspicion) throws(HTTP2Error) {
        switch suspicion {
        case .ended(let id):
            if stream(id) == nil { try fail(.streamClosed, "a frame behind the stream's end") }
        case .reset(let id):
            guard stream(id) == nil else { return }
            nghttp2_submit_rst_stream(session, 0, id, HTTP2ErrorCode.streamClosed.rawValue)
        case .skipped(let id):
            if stream(id) == nil { try fail(.protocolError, "a stream number below the last") }
        case .priorityOfConnection: try fail(.protocolError, "PRIORITY without a stream")
        }
    }

    /// Ends the connection for an error of the peer's that the library did not see.
    private func fail(_ code: HTTP2ErrorCode, _ reason: String) throws(HTTP2Error) {
        nghttp2_session_terminate_session2(
            session, nghttp2_session_get_last_proc_stream_id(session), code.rawValue)
        throw HTTP2Error(reason)
    }
}
