extension GatewayConfiguration {
    /// - Parameter crossOrigin: Of the listeners that say nothing themselves.
    static func listeners(
        _ value: YAMLValue, crossOrigin: CrossOrigin?
    ) throws(ConfigurationError) -> [Listener] {
        var listeners: [Listener] = []
        for item in try value.list() {
            let listener = try listener(item, crossOrigin: crossOrigin)
            guard !listeners.contains(where: { $0.name == listener.name }) else {
                throw item.error("there are two listeners \"\(listener.name)\"")
            }
            let isTaken = listeners.contains {
                listener.port > 0 && $0.port == listener.port && $0.address == listener.address
            }
            guard !isTaken else {
                throw item.error("two listeners have port \(listener.port)")
            }
            listeners.append(listener)
        }
        guard !listeners.isEmpty, listeners.count <= 16 else {
            throw value.error("expected 1 to 16 listeners")
        }
        return listeners
    }

    private static func listener(
        _ value: YAMLValue, crossOrigin: CrossOrigin?
    ) throws(ConfigurationError) -> Listener {
        let fields = try value.fields(
            required: ["name", "port"],
            optional: ["address", "tls", "http1", "authorities", "cors"])
        return Listener(
            name: try fields["name"]?.name() ?? "",
            address: try fields["address"]?.string() ?? "127.0.0.1",
            port: try fields["port"]?.integer(0...65535) ?? 0,
            tls: try fields["tls"].map(tls),
            speaksHTTP1: try fields["http1"]?.boolean() ?? true,
            authorities: try fields["authorities"]?.names().map { $0.lowercased() } ?? [],
            crossOrigin: try fields["cors"].map(Self.crossOrigin) ?? crossOrigin,
            place: value.place)
    }

    private static func tls(_ value: YAMLValue) throws(ConfigurationError) -> ListenerTLS {
        let fields = try value.fields(
            required: ["certificate", "key"], optional: ["client_ca", "client_certificate"])
        let authorities = try fields["client_ca"]?.string()
        let asked: ClientCertificate =
            try fields["client_certificate"]?.oneOf() ?? (authorities == nil ? .none : .optional)
        guard (authorities == nil) == (asked == .none) else {
            throw (fields["client_certificate"] ?? fields["client_ca"] ?? value).error(
                authorities == nil
                    ? "client_ca is missing: the file with the authorities of clients' certificates"
                    : "client_ca is of no use with client_certificate: none")
        }
        return ListenerTLS(
            certificate: try fields["certificate"]?.string() ?? "",
            key: try fields["key"]?.string() ?? "", clientAuthorities: authorities,
            clientCertificate: asked)
    }

    static func crossOrigin(_ value: YAMLValue) throws(ConfigurationError) -> CrossOrigin {
        let fields = try value.fields(required: ["origins"], optional: ["headers", "max_age"])
        var origins: [String] = []
        for item in try fields["origins"]?.list() ?? [] { origins.append(try origin(item)) }
        guard !origins.isEmpty else { throw value.error("expected at least one origin") }
        var headers = CrossOrigin.standardHeaders
        if let list = fields["headers"] {
            headers = []
            for item in try list.list() { headers.append(try headerName(item)) }
        }
        let age = try fields["max_age"]?.duration() ?? .seconds(600)
        guard age <= .seconds(86_400), age.components.attoseconds == 0 else {
            throw (fields["max_age"] ?? value).error(
                "expected a duration of whole seconds up to 24h")
        }
        return CrossOrigin(origins: origins, headers: headers.sorted(), maximumAge: age)
    }

    /// Scheme and host, perhaps a port, as browsers write them: lower case, nothing behind.
    private static func origin(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let text = try value.string()
        let host = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        let isOrigin =
            host.count == 2 && ["https", "http"].contains(host[0])
            && !host[1].isEmpty && text == text.lowercased() && text.utf8.count <= 255
            && host[1].utf8.allSatisfy {
                SafeText.isName(CollectionOfOne($0)) || $0 == UInt8(ascii: ":")
                    || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]")
            }
        guard isOrigin else {
            throw value.error(
                "expected an exact origin such as https://app.bank.example, in lower case and "
                    + "without path, found \"\(text)\"")
        }
        return text
    }

    private static func headerName(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let name = try value.name().lowercased()
        guard !name.hasPrefix("assay-"), name != "cookie" else {
            throw value.error("pages may not set \"\(name)\"")
        }
        return name
    }
}
