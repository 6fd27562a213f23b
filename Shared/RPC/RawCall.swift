// A forwarded call is two calls that are coupled: that of the caller, on a connection of our server,
// and one of ours to a service. Bytes go from one to the other as they come, messages are not looked
// at. Each side tells what it has sent, and that is what the other side takes in further: so the
// window of the slower one holds back the faster one, and what waits in between is one window at most.
//
// Everything happens on the event loop of both connections; nothing of this changes threads.

/// The caller of a forwarded call, as whoever forwards it sees them.
public protocol RawCaller: AnyObject {
    /// Sends the headers of a reply; its body follows, and its end.
    func start(status: Int, headers: Metadata)
    /// Sends a piece of the body, which is lent for the call.
    func send(_ bytes: UnsafeRawBufferPointer)
    /// Ends a reply that was started; without trailers the body ends it. What is still to come of the
    /// request is not wanted.
    func end(trailers: Metadata?, _ code: StatusCode)
    /// Sends a whole reply.
    func send(_ reply: RawReply, _ code: StatusCode)
    /// What came of the request is nothing that an honest client sends; the connection counts it.
    func blame(for error: RPCError)
    /// Gives up a reply that was started and cannot be ended in order.
    func abort()
    /// Has the caller send as many bytes more.
    func consumed(_ count: Int)
}

extension RawCaller {
    public func blame(for error: RPCError) {}
}

/// A call that is being forwarded, as the connection of its caller sees it.
public protocol RawForward: AnyObject {
    /// A piece of the request came. The caller's window shrinks until it is `consumed`.
    func received(_ bytes: UnsafeRawBufferPointer)
    /// The request has come to its end.
    func receivedEnd()
    /// As many bytes of the reply have gone.
    func sent(_ count: Int)
    /// The caller has gone: nothing can be sent any more.
    func left()
    /// The connection ends the call: its deadline has passed, or the process ends. Nothing follows but
    /// what is returned: the whole reply, or if one was started the trailers in it.
    func ended(by error: RPCError) -> RawReply
    /// The message of the request that has begun and is not complete: its number, and how much of it
    /// came. Nil if none is, or if the caller is being held back.
    var unfinished: (message: Int, bytes: Int)? { get }
}

/// Told of what a service sends back. After the first end nothing follows.
public protocol RawReceiver: AnyObject {
    /// The headers of the reply, pseudo-headers included.
    ///
    /// - Parameter isLast: they are the whole reply, and its end.
    func replied(status: Int, headers: Metadata, isLast: Bool)
    /// A piece of the body, lent for the call. The service's window shrinks until it is `consumed`.
    func repliedBody(_ bytes: UnsafeRawBufferPointer)
    /// The reply has come to its end.
    func repliedEnd(trailers: Metadata?)
    /// So many bytes of the request have gone, counted from its beginning.
    func sentRequest(upTo position: Int)
    /// There will be no reply, or none that has an end.
    func failed(_ error: RPCError)
}

/// A call to a service whose bytes pass as they come.
public protocol RawUpstreamCall: AnyObject {
    /// Sends a piece of the request, which is lent for the call.
    func send(_ bytes: UnsafeRawBufferPointer)
    /// The request has come to its end.
    func finish()
    /// Has the service send as many bytes more.
    func consumed(_ count: Int)
    /// Nobody waits any more; the receiver is not told.
    ///
    /// - Parameter isLate: since the service took too long.
    func cancel(isLate: Bool)
    /// How often it was sent.
    var attempts: Int { get }
}
