internal import CNghttp2

/// When the peer's windows open.
extension HTTP2Session {
    /// Counts bytes as taken: gives the peer room for as many on the stream, unless the stream needs
    /// none any more, and on the connection.
    public func consume(_ count: Int, on stream: HTTP2Stream) {
        credit.consumed += count
        let returned = credit.takeReturnable()
        if returned == count, !stream.remoteEnded {
            nghttp2_session_consume(session, stream.id, count)
        } else {
            returnToConnection(returned)
            returnToStream(count, stream)
        }
    }

    /// Bytes came that nobody has taken yet: the connection's window opens as far as it may.
    public func keep() { returnToConnection(credit.takeReturnable()) }

    /// Bytes of a stream that is over will not be taken.
    public func drop(_ count: Int) {
        credit.consumed += count
        returnToConnection(credit.takeReturnable())
    }

    /// Whether windows stay as they are, because the process holds as much as it may. Setting it to
    /// false opens what was held.
    public var holdsCredit: Bool {
        get { credit.isHeld }
        set {
            guard newValue != credit.isHeld else { return }
            credit.isHeld = newValue
            if newValue { return }
            returnToConnection(credit.takeReturnable())
            for stream in openStreamList where stream.heldCredit > 0 {
                let held = stream.heldCredit
                stream.heldCredit = 0
                returnToStream(held, stream)
            }
        }
    }

    private func returnToConnection(_ count: Int) {
        if count > 0 { nghttp2_session_consume_connection(session, count) }
    }

    private func returnToStream(_ count: Int, _ stream: HTTP2Stream) {
        if stream.remoteEnded || count == 0 { return }
        if credit.isHeld {
            stream.heldCredit += count
        } else {
            nghttp2_session_consume_stream(session, stream.id, count)
        }
    }
}
