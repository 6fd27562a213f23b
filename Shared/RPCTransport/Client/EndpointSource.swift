internal import Glibc
package import NIOCore
internal import NIOPosix
package import RPC

/// Answers which endpoints there are.
package protocol EndpointSource: Sendable {
    /// Called on an event loop, which must not wait; the answer comes there.
    func resolve(on eventLoop: any EventLoop) -> EventLoopFuture<[Endpoint]>
    /// How often to ask again unless something asks earlier.
    var interval: Duration { get }
}

/// A source that blocks while it looks.
protocol BlockingSource: EndpointSource {
    func resolve() throws -> [Endpoint]
}

extension BlockingSource {
    func resolve(on eventLoop: any EventLoop) -> EventLoopFuture<[Endpoint]> {
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { try resolve() }
    }
}

/// Why a source has no answer, for a person.
struct ResolutionFailure: Error, CustomStringConvertible {
    let description: String
}

/// Endpoints that never change: asked once.
struct FixedSource: EndpointSource {
    let endpoints: [Endpoint]
    let interval = Duration.seconds(3600)

    func resolve(on eventLoop: any EventLoop) -> EventLoopFuture<[Endpoint]> {
        eventLoop.makeSucceededFuture(endpoints)
    }
}

/// Every address of a name, as the system's resolver knows it.
struct DNSSource: BlockingSource {
    let host: String
    let port: Int
    let interval = Duration.seconds(30)

    func resolve() throws -> [Endpoint] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = Int32(AI_ADDRCONFIG)
        var first: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &first)
        guard result == 0 else {
            throw ResolutionFailure(
                description: "\(host) cannot be resolved: \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(first) }
        var endpoints: [Endpoint] = []
        var entry = first
        while let found = entry?.pointee {
            entry = found.ai_next
            guard let address = Self.text(found) else { continue }
            let endpoint = Endpoint(.host(address, port: port), name: "\(host):\(port)")
            if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
        }
        return endpoints
    }

    /// The numeric form of an address.
    private static func text(_ entry: addrinfo) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let result = getnameinfo(
                entry.ai_addr, entry.ai_addrlen, base, socklen_t(buffer.count), nil, 0,
                NI_NUMERICHOST)
            return result == 0 ? String(cString: base) : nil
        }
    }
}

/// The list in a file, read anew every two seconds.
struct FileSource: BlockingSource {
    let path: String
    let interval = Duration.seconds(2)

    func resolve() throws -> [Endpoint] {
        do {
            return try EndpointList.parse(try read())
        } catch let fault as EndpointList.Fault {
            throw ResolutionFailure(description: "\(path): \(fault)")
        }
    }

    private func read() throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count <= EndpointList.maximumBytes {
            let piece = try [UInt8](unsafeUninitializedCapacity: 16 << 10) { buffer, count in
                let result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if result < 0 { throw failure() }
                count = result
            }
            if piece.isEmpty { break }
            bytes += piece
        }
        return bytes
    }

    private func failure() -> ResolutionFailure {
        ResolutionFailure(
            description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
}
