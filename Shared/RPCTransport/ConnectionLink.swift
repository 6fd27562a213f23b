package import TLS

/// What carries a connection's bytes: a socket's channel, or a link within the process. Belongs to the
/// connection's loop.
package protocol ConnectionLink: AnyObject {
    /// Sends bytes, which are lent for the call.
    func send(_ bytes: UnsafeRawBufferPointer)
    /// Ends the connection when what was sent has gone, or could not go within a second.
    func close()
    /// Ends the connection at once: the peer takes nothing.
    func abort()
}

/// What is known of a connection once it is open.
package struct ConnectionOrigin {
    /// "10.0.0.7:40112".
    let address: String
    /// Nil without TLS.
    let handshake: TLSHandshakeCompleted?

    package init(address: String, handshake: TLSHandshakeCompleted? = nil) {
        self.address = address
        self.handshake = handshake
    }
}

/// One end of an HTTP/2 connection, without a socket: a driver tells it what happens, and its link does
/// what it wants. Everything is called on one loop.
package protocol ConnectionMachine: AnyObject, SendableMetatype {
    var loop: LoopContext { get }

    /// The link is there, though not open yet.
    func attach(_ link: any ConnectionLink)
    /// Bytes can be sent from now on; with TLS the handshake is over.
    func opened(from origin: ConnectionOrigin)
    /// Bytes have come, which are lent for the call.
    func received(_ bytes: UnsafeRawBufferPointer)
    /// For now there is no more to read.
    func readCompleted()
    /// The link takes bytes again, or is full.
    func becameWritable(_ isWritable: Bool)
    /// The link is broken; its end follows.
    func failed(_ error: any Error)
    /// Whether a close gives the peer a moment to read why, although it may still be sending.
    var lingers: Bool { get }
    /// The link is gone.
    func ended()
}

extension ConnectionMachine {
    package var lingers: Bool { false }
    /// What goes to a link at once; the rest follows in the next tick.
    static var outputPortion: Int { 1 << 20 }
}
