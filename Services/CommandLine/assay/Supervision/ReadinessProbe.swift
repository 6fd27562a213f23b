#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Asks an admin port on this machine for `/readyz`.
enum ReadinessProbe {
    /// Waits until the answer is 200.
    static func wait(port: Int, upTo limit: Duration) async throws {
        let end = ContinuousClock.now + limit
        while true {
            let (status, body) = ask(port: port)
            if status == 200 { return }
            guard ContinuousClock.now < end else {
                throw Complaint("not ready after \(limit): \(status ?? 0) \(body)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// One request; nil if nobody answers within a second.
    static func ask(port: Int, path: String = "/readyz") -> (status: Int?, body: String) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return (nil, "no socket") }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return (nil, "nobody listens on port \(port)") }
        let request = Array(
            "GET \(path) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".utf8)
        guard write(descriptor, request, request.count) == request.count else { return (nil, "") }
        var reply: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while reply.count < 1 << 16 {
            let count = read(descriptor, &chunk, chunk.count)
            if count <= 0 { break }
            reply.append(contentsOf: chunk[..<count])
        }
        let text = String(decoding: reply, as: UTF8.self)
        let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (status, text.split(separator: "\r\n").last.map(String.init) ?? "")
    }
}
