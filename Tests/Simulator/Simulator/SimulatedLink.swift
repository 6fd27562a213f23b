internal import RPCTransport

/// One end of a simulated connection, as its machine sees it.
package final class SimulatedLink: ConnectionLink {
    let connection: SimulatedConnection
    let isClient: Bool

    init(_ connection: SimulatedConnection, isClient: Bool) {
        self.connection = connection
        self.isClient = isClient
    }

    package func send(_ bytes: UnsafeRawBufferPointer) {
        connection.send(bytes, fromClient: isClient)
    }
    package func close() { connection.close(fromClient: isClient) }
    package func abort() { connection.abort(fromClient: isClient) }
}

/// A connection through the simulated network, from its first packet to its end.
package final class SimulatedConnection {
    struct Reset: Error, CustomStringConvertible {
        var description: String { "connection reset by peer" }
    }

    private enum Phase { case connecting, open, over }

    let number: Int
    let address: String
    private let network: SimulatedNetwork
    private var phase = Phase.connecting
    /// Nil once that end is over.
    private(set) var client: ClientConnection?
    private(set) var server: ServerConnection?
    private var up: SimulatedPipe?
    private var down: SimulatedPipe?
    /// Bytes that have arrived in the direction that is to be cut.
    private var carried = 0
    private var isClosing = (client: false, server: false)
    private var clientFrames = FrameScan(preface: 24)
    private var serverFrames = FrameScan(preface: 0)

    init(_ network: SimulatedNetwork, number: Int, address: String, client: ClientConnection) {
        self.network = network
        self.number = number
        self.address = address
        self.client = client
    }

    var isOver: Bool { client == nil && server == nil }

    // MARK: Opening

    /// The client's first packet is on its way.
    func connect(_ attempt: ConnectAttempt) {
        guard let client else { return }
        client.attach(SimulatedLink(self, isClient: true))
        network.loop.after(network.travelTime()) { self.reached(attempt) }
    }

    private func reached(_ attempt: ConnectAttempt) {
        if client == nil || network.isUnreachable(address) { return }
        guard let server = network.accept(at: address) else {
            return network.loop.after(network.travelTime()) { self.refused(attempt) }
        }
        self.server = server
        let up = SimulatedPipe(
            network, address, deliver: { self.deliver($0, toClient: false) },
            finish: { self.endServer(nil) },
            roomChanged: { self.client?.becameWritable($0) })
        let down = SimulatedPipe(
            network, address, deliver: { self.deliver($0, toClient: true) },
            finish: { self.endClient(nil) },
            roomChanged: { self.server?.becameWritable($0) })
        (self.up, self.down) = (up, down)
        server.attach(SimulatedLink(self, isClient: false))
        down.begin(after: network.travelTime()) { self.accepted(attempt) }
        server.opened(from: ConnectionOrigin(address: "client:\(number)"))
    }

    private func accepted(_ attempt: ConnectAttempt) {
        guard let client, phase == .connecting else { return }
        phase = .open
        attempt.chose(client)
        client.opened(from: ConnectionOrigin(address: address))
    }

    private func refused(_ attempt: ConnectAttempt) {
        guard client != nil else { return }
        attempt.failed(Reset.refused(address))
        endClient(nil)
    }

    // MARK: Bytes

    func send(_ bytes: UnsafeRawBufferPointer, fromClient: Bool) {
        if fromClient { clientFrames.read(bytes) } else { serverFrames.read(bytes) }
        (fromClient ? up : down)?.send(bytes)
    }

    private func deliver(_ whole: [UInt8], toClient: Bool) {
        let segment = uncut(whole, toClient: toClient)
        if segment.isEmpty { return }
        network.carried(segment, number, toClient: toClient)
        if toClient {
            guard let client, !isClosing.client else { return }
            segment.withUnsafeBytes { client.received($0) }
            client.readCompleted()
        } else {
            guard let server, !isClosing.server else { return }
            segment.withUnsafeBytes { server.received($0) }
            server.readCompleted()
        }
    }

    /// What arrives before the connection is cut, if it is to be.
    private func uncut(_ segment: [UInt8], toClient: Bool) -> [UInt8] {
        guard number == 1, let cut = network.cut, cut.isDown == toClient else { return segment }
        let rest = cut.behind - carried
        carried += segment.count
        if rest >= segment.count { return segment }
        network.loop.after(0) {
            switch cut.how {
            case .reset: self.reset()
            case .close:
                self.endClient(nil)
                self.endServer(nil)
            }
        }
        return Array(segment.prefix(max(0, rest)))
    }

    /// Nothing gets through in a direction any more, or again.
    func block(up: Bool, down: Bool) {
        self.up?.isBlocked = up
        self.down?.isBlocked = down
    }

    // MARK: Ends

    /// What was sent still arrives, then the end.
    func close(fromClient: Bool) {
        if fromClient {
            if isClosing.client { return }
            isClosing.client = true
            if client?.audit != nil { judgeClientClose() }
            up?.end()
            network.loop.after(0) { self.endClient(nil) }
        } else {
            if isClosing.server { return }
            isClosing.server = true
            judgeServerClose()
            down?.end()
            network.loop.after(0) { self.endServer(nil) }
        }
    }

    /// P30: an orderly close has been announced.
    private func judgeClientClose() {
        if clientFrames.goAways.isEmpty, serverFrames.goAways.isEmpty {
            network.whenWrong("the client closed connection \(number) without a GOAWAY")
        }
    }

    /// A server says which stream was its last, and answers none above it.
    private func judgeServerClose() {
        if !clientFrames.goAways.isEmpty { return }
        guard let last = serverFrames.goAways.last, last != FrameScan.notice else {
            network.whenWrong("the server closed connection \(number) without its last GOAWAY")
            return
        }
        if serverFrames.highestStream > last {
            network.whenWrong(
                "connection \(number): stream \(serverFrames.highestStream) was answered, "
                    + "and \(last) was said to be the last")
        }
    }

    func abort(fromClient: Bool) {
        if fromClient {
            isClosing.client = true
            network.loop.after(0) { self.endClient(nil) }
        } else {
            isClosing.server = true
            network.loop.after(0) { self.endServer(nil) }
        }
        let pipe = fromClient ? up : down
        if let pipe, pipe.isBlocked {
            pipe.whenReleased = { self.reset(client: !fromClient, server: fromClient) }
        } else {
            reset(client: !fromClient, server: fromClient)
        }
    }

    /// Both ends learn that the connection is broken, after a while; what is on the way is lost.
    func reset(client: Bool = true, server: Bool = true) {
        up?.cut()
        down?.cut()
        network.loop.after(network.travelTime()) {
            if client { self.endClient(Reset()) }
            if server { self.endServer(Reset()) }
        }
    }

    /// The server's process is gone, and its host says so.
    func lostServer() {
        down?.cut()
        up?.cut()
        endServer(nil)
        network.loop.after(network.travelTime()) { self.endClient(Reset()) }
    }

    private func endClient(_ error: (any Error)?) {
        guard let ended = client else { return }
        client = nil
        phase = .over
        isClosing.client = true
        up?.end()
        if let error { ended.failed(error) }
        ended.ended()
        forget()
    }

    private func endServer(_ error: (any Error)?) {
        guard let ended = server else { return }
        server = nil
        isClosing.server = true
        down?.end()
        if let error { ended.failed(error) }
        ended.ended()
        forget()
    }

    private func forget() {
        if client == nil && server == nil { network.forget(self) }
    }
}

extension SimulatedConnection.Reset {
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    static func refused(_ address: String) -> Refused {
        Refused(description: "connection refused by \(address)")
    }
}
