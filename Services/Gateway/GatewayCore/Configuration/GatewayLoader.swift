public import RPC

/// Reads a configuration and the files it names into a snapshot.
public struct GatewayLoader {
    private let read: (String) throws -> [UInt8]
    private let methods: [MethodDescriptor]
    private let identities: IdentityState

    /// - Parameters:
    ///   - read: The bytes of a file.
    ///   - methods: What the schemas say.
    ///   - identities: What every snapshot goes on with.
    public init(
        methods: [MethodDescriptor], identities: IdentityState = IdentityState(),
        read: @escaping (String) throws -> [UInt8]
    ) {
        self.methods = methods
        self.identities = identities
        self.read = read
    }

    /// Relative names in the configuration are relative to its folder.
    public func load(_ file: String) throws(ConfigurationError) -> GatewaySnapshot {
        let configuration = try GatewayConfiguration(yaml: try text(file), file: file)
        let (keys, peppers) = try self.keys(configuration)
        return try GatewaySnapshot(
            configuration: configuration, keys: keys, peppers: peppers, methods: methods,
            issuers: try issuers(configuration), identities: identities)
    }

    private func keys(
        _ configuration: GatewayConfiguration
    ) throws(ConfigurationError) -> (APIKeyFile, [Pepper]) {
        guard let source = configuration.authentication.apiKeys else {
            return (APIKeyFile(entries: []), [])
        }
        let file = Self.resolve(source.file, besides: configuration.file)
        let keys = try APIKeyFile(yaml: try text(file), file: file)
        var peppers: [Pepper] = []
        for (version, name) in source.peppers.sorted(by: { $0.key > $1.key }) {
            let path = Self.resolve(name, besides: configuration.file)
            let secret = try bytes(path).filter { $0 != 0x0A && $0 != 0x0D }
            guard let pepper = Pepper(version: version, secret: secret) else {
                throw ConfigurationError(file: path, message: "a pepper has at least 16 bytes")
            }
            peppers.append(pepper)
        }
        return (keys, peppers)
    }

    /// The issuers of tokens with the keys of their files; addresses are not asked here.
    private func issuers(
        _ configuration: GatewayConfiguration
    ) throws(ConfigurationError) -> [TokenIssuer] {
        var issuers: [TokenIssuer] = []
        for issuer in configuration.authentication.issuers {
            func path(_ name: String) -> String {
                Self.resolve(name, besides: configuration.file)
            }
            let file = try issuer.keySetFile.map { name throws(ConfigurationError) in
                try keySet(path(name), issuer.algorithm)
            }
            if let url = issuer.keySetURL {
                let cache = identities.keySets.cache(
                    issuer, url: url, authorities: issuer.authorities.map(path), fallback: file)
                issuers.append(TokenIssuer(configuration: issuer, keys: .fetched(cache)))
            } else if let file {
                issuers.append(TokenIssuer(configuration: issuer, keys: .file(file)))
            }
        }
        return issuers
    }

    private func keySet(
        _ path: String, _ algorithm: GatewayConfiguration.Algorithm?
    ) throws(ConfigurationError) -> KeySet {
        let json = try bytes(path)
        do throws(KeySet.Refusal) {
            return try KeySet(json: json, algorithm: algorithm)
        } catch {
            throw ConfigurationError(file: path, message: "\(error)")
        }
    }

    /// The path of a file that a configuration names.
    public static func resolve(_ name: String, besides file: String) -> String {
        guard !name.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return name }
        return file[...slash] + name
    }

    private func bytes(_ path: String) throws(ConfigurationError) -> [UInt8] {
        do {
            return try read(path)
        } catch {
            throw ConfigurationError(file: path, message: "cannot be read: \(error)")
        }
    }

    private func text(_ path: String) throws(ConfigurationError) -> String {
        guard let text = String(validating: try bytes(path), as: UTF8.self) else {
            throw ConfigurationError(file: path, message: "is not UTF-8")
        }
        return text
    }
}
