import NIOCore
import TLS

/// Two engines joined by a wire that a test may tamper with.
struct EnginePair {
    enum Side { case client, server }
    /// Sees each flight before it arrives; what it returns arrives instead.
    typealias Tamper = (Side, [UInt8]) -> [UInt8]

    let client: TLSEngine
    let server: TLSEngine

    init(client: TLSContext, server: TLSContext) throws {
        self.client = try TLSEngine(client)
        self.server = try TLSEngine(server)
    }

    /// Shakes hands until nothing moves any more; throws each side's first error.
    func handshake(sender tamper: Tamper = { $1 }) -> (client: TLSError?, server: TLSError?) {
        var errors: (client: TLSError?, server: TLSError?)
        for _ in 0..<16 {
            errors.client = errors.client ?? step(client)
            let toServer = tamper(.client, client.takeAll())
            server.receive(toServer)
            errors.server = errors.server ?? step(server)
            let toClient = tamper(.server, server.takeAll())
            client.receive(toClient)
            if toServer.isEmpty, toClient.isEmpty { break }
        }
        return errors
    }

    private func step(_ engine: TLSEngine) -> TLSError? {
        do {
            if try engine.handshake() { _ = try engine.readAll() }
            return nil
        } catch {
            return error as? TLSError
        }
    }

    /// Sends from one side to the other and returns what arrived.
    func send(_ bytes: [UInt8], from sender: TLSEngine, to receiver: TLSEngine) throws -> [UInt8] {
        try bytes.withUnsafeBytes { try sender.write($0) }
        receiver.receive(sender.takeAll())
        return try receiver.readAll()
    }
}

extension TLSEngine {
    func receive(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { receive($0) }
    }

    func takeAll() -> [UInt8] {
        Array(takeOutput().readableBytesView)
    }

    func readAll() throws -> [UInt8] {
        var all: [UInt8] = []
        var memory = [UInt8](repeating: 0, count: 4096)
        while case .bytes(let count) = try memory.withUnsafeMutableBytes({ try read(into: $0) }) {
            all += memory.prefix(count)
        }
        return all
    }
}

/// A small generator whose whole state is its seed (SplitMix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
