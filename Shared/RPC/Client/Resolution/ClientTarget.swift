/// What a client calls, and how its endpoints are found.
///
///     dns:///assay-features:7003        every address of a name
///     static:///10.0.0.1:7003,b:7003    these
///     file:///etc/assay/features.list   those of a file, which may change
///     unix:///run/assay.sock            a socket in the file system
///     10.0.0.1:7003,b:7003              the same as static
package enum ClientTarget: Sendable, Hashable {
    case fixed([Endpoint])
    case dns(host: String, port: Int)
    case file(path: String)

    /// Why a text is no target: one sentence.
    package struct Fault: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    package init(_ text: String) throws(Fault) {
        if let rest = Self.rest(of: text, behind: "dns:///") {
            guard let endpoint = Endpoint(hostAndPort: rest),
                case .host(let host, let port) = endpoint.address
            else { throw Fault(description: "\"\(text)\": dns:/// is followed by host:port") }
            self = .dns(host: host, port: port)
        } else if let rest = Self.rest(of: text, behind: "static:///") {
            self = try .fixed(Self.endpoints(rest, of: text))
        } else if let rest = Self.rest(of: text, behind: "file://") {
            self = .file(path: try Self.path(rest, of: text))
        } else if let rest = Self.rest(of: text, behind: "unix://") {
            self = .fixed([Endpoint(.unix(path: try Self.path(rest, of: text)))])
        } else if text.contains("://") {
            throw Fault(
                description: "\"\(text)\": the schemes are dns, static, file and unix, "
                    + "with three slashes")
        } else {
            self = try .fixed(Self.endpoints(text[...], of: text))
        }
    }

    private static func rest(of text: String, behind prefix: String) -> Substring? {
        text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : nil
    }

    private static func endpoints(
        _ list: Substring, of text: String
    ) throws(Fault) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let endpoint = Endpoint(hostAndPort: part) else {
                throw Fault(
                    description: "\"\(text)\" is not host:port, or several with commas between")
            }
            if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
        }
        return endpoints
    }

    private static func path(_ path: Substring, of text: String) throws(Fault) -> String {
        guard path.hasPrefix("/"), path.count > 1, !path.utf8.contains(0) else {
            throw Fault(description: "\"\(text)\": a path from the root is missing")
        }
        return String(path)
    }
}
