internal import RPC
package import RPCTransport

/// A network of servers with a client in its middle: delay, loss, slices, resets, directions that
/// swallow everything, flipped bits. Everything that is left to chance comes from one seed.
///
/// Sendable: a simulation has one thread.
package final class SimulatedNetwork: Dialer, @unchecked Sendable {
    let loop: SimulatedLoop
    package var weather = Weather()
    private var generator: SeededGenerator
    private var servers: [String: SimulatedServer] = [:]
    /// In the order of their making.
    private(set) var connections: [SimulatedConnection] = []
    private(set) var connectionCount = 0
    private var unreachable: Set<String> = []
    /// On top of the weather's, in nanoseconds.
    private var extraDelay: [String: UInt64] = [:]
    /// Nil cuts nothing.
    package var cut: Cut?
    /// A hash of all bytes that arrived, and when.
    private(set) var transcript = Transcript()
    /// Told of the first bit that was flipped.
    var whenSpoiled: () -> Void = {}
    /// Told of what an end of a connection must not do.
    var whenWrong: (String) -> Void = { _ in }

    init(_ loop: SimulatedLoop, seed: UInt64) {
        self.loop = loop
        generator = SeededGenerator(seed: seed)
    }

    // MARK: Chance

    func travelTime() -> UInt64 {
        let range = weather.delay
        var time = range.lowerBound + chance(below: range.upperBound - range.lowerBound + 1)
        // Sent again after a retransmission timeout.
        if weather.lostPerMille > 0, chance(below: 1000) < weather.lostPerMille {
            time += 200_000_000 + chance(below: 200_000_000)
        }
        return time
    }

    func segmentLength() -> Int {
        weather.segment <= 1 ? 1 : 1 + Int(chance(below: UInt64(weather.segment)))
    }

    /// The segment, with a bit changed now and then.
    func spoiled(_ segment: [UInt8]) -> [UInt8] {
        guard weather.segmentsPerFlip > 0, chance(below: UInt64(weather.segmentsPerFlip)) == 0
        else {
            return segment
        }
        whenSpoiled()
        var segment = segment
        segment[generator.index(below: segment.count)] ^= 1 << UInt8(chance(below: 8))
        return segment
    }

    private func chance(below bound: UInt64) -> UInt64 {
        UInt64(generator.index(below: Int(bound)))
    }

    // MARK: Connections

    func add(_ server: SimulatedServer) { servers[server.address] = server }

    package func dial(_ attempt: ConnectAttempt) {
        connectionCount += 1
        let connection = SimulatedConnection(
            self, number: connectionCount, address: attempt.endpoint.description,
            client: attempt.candidate())
        connections.append(connection)
        connection.connect(attempt)
    }

    func accept(at address: String) -> ServerConnection? { servers[address]?.accept() }

    func forget(_ connection: SimulatedConnection) {
        connections.removeAll { $0 === connection }
    }

    func connections(to address: String) -> [SimulatedConnection] {
        connections.filter { $0.address == address }
    }

    func carried(_ segment: [UInt8], _ number: Int, toClient: Bool) {
        transcript.add(loop.time)
        transcript.add(UInt64(number) << 1 | (toClient ? 1 : 0))
        transcript.add(segment)
    }

    // MARK: Faults

    /// Ends the first connection when so many bytes have arrived in a direction.
    package struct Cut: Sendable {
        package enum How: Sendable, CaseIterable { case reset, close }
        package var how: How
        package var isDown: Bool
        package var behind: Int

        package init(_ how: How, isDown: Bool, behind: Int) {
            self.how = how
            self.isDown = isDown
            self.behind = behind
        }
    }

    func slow(_ address: String, by nanoseconds: UInt64) { extraDelay[address] = nanoseconds }

    func extraDelay(to address: String) -> UInt64 { extraDelay[address] ?? 0 }

    func isUnreachable(_ address: String) -> Bool { unreachable.contains(address) }

    /// Packets to a host, from it, or both, vanish.
    func block(_ address: String, up: Bool, down: Bool) {
        if up || down { unreachable.insert(address) }
        for connection in connections(to: address) { connection.block(up: up, down: down) }
    }

    func heal(_ address: String) {
        unreachable.remove(address)
        for connection in connections(to: address) { connection.block(up: false, down: false) }
    }
}

/// A hash of what happened, in order (FNV-1a).
package struct Transcript: Sendable, Hashable {
    package private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: [UInt8]) {
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    mutating func add(_ value: UInt64) {
        hash = (hash ^ value) &* 0x100_0000_01B3
        hash ^= hash >> 32
    }
}
