internal import NIOCore
internal import RPC

/// Connections within the process.
extension RPCServer {
    /// Where such a connection belongs: the loop that asks, if it is one of ours.
    var loopForConnection: any EventLoop { group.any() }

    /// Gives a link its connection, as soon as there is room for one. On the link's loop.
    func accept(_ link: InProcessLink) {
        let mayAccept = admission.mayAccept { link.eventLoop.execute { self.accept(link) } }
        if !mayAccept || link.isOver { return }
        let id = ObjectIdentifier(link)
        let address = InProcessTransport.address
        guard admission.opened(id, from: address, isTLS: false) else {
            connectionObserver?.misbehaved(
                "connections_per_address", action: .closed, peer: Peer(address: address))
            return link.answer(isAccepted: false)
        }
        guard let connection = connection(id, on: link.eventLoop) else {
            admission.closed(id)
            return link.answer(isAccepted: false)
        }
        link.whenOver = { [admission] in
            admission.closed(id)
            self.closed(id)
        }
        link.attach(connection)
        link.answer(isAccepted: true)
    }
}
