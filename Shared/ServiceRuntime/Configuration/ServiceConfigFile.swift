internal import Foundation
public import Logging
public import RPC

/// A file with the service config of a client (`RPC.ServiceConfig`), read again when its content has
/// changed. What cannot be read or breaks a rule changes nothing: the config from before stays.
public final class ServiceConfigFile: Sendable {
    /// What a look at the file found.
    public enum Finding: Sendable, Hashable {
        case unchanged
        /// From now on it is in force.
        case loaded
        /// It is refused, and the config from before stays.
        case refused(ConfigurationError)
    }

    /// What clients are given.
    public let slot: ServiceConfigSlot
    private let path: String
    private let methods: [MethodDescriptor]
    private let seen: Seen

    /// Belongs to whoever calls `check`: one task at a time.
    private actor Seen {
        private var text: Data?

        init(_ text: Data?) { self.text = text }

        /// Whether the content is another one than at the last look.
        func isNew(_ found: Data?) -> Bool {
            if text == found { return false }
            text = found
            return true
        }
    }

    /// - Parameter methods: those of the schemas: the file must not name others.
    public init(path: String, methods: [MethodDescriptor]) throws(ConfigurationError) {
        self.path = path
        self.methods = methods
        let data = FileManager.default.contents(atPath: path)
        seen = Seen(data)
        slot = ServiceConfigSlot(try Self.read(data, path, methods))
    }

    /// Looks at the file.
    public func check() async -> Finding {
        let data = FileManager.default.contents(atPath: path)
        guard await seen.isNew(data) else { return .unchanged }
        do throws(ConfigurationError) {
            let config = try Self.read(data, path, methods)
            if config.balancing != slot.config.balancing {
                throw ConfigurationError(
                    file: path, line: 1, column: 1, path: "/loadBalancingConfig",
                    message: "cannot change while the process runs; restart it")
            }
            slot.update(config)
            return .loaded
        } catch {
            return .refused(error)
        }
    }

    /// Looks at the file every two seconds until the task is cancelled.
    public func watch(_ report: @Sendable (Finding) -> Void) async {
        while true {
            do {
                try await Task.sleep(for: .seconds(2))
            } catch {
                return
            }
            let finding = await check()
            if finding != .unchanged { report(finding) }
        }
    }

    /// The same, with a line in the log for what it finds.
    public func watch(_ logger: Logger) -> Task<Void, Never> {
        Task {
            await watch { finding in
                switch finding {
                case .unchanged: break
                case .loaded: logger.info("the service config has changed")
                case .refused(let error):
                    logger.error("the service config is refused", metadata: ["reason": "\(error)"])
                }
            }
        }
    }

    /// Reads the JSON form; YAML of the same shape is read too.
    static func read(
        _ data: Data?, _ path: String, _ methods: [MethodDescriptor]
    ) throws(ConfigurationError) -> ServiceConfig {
        func failure(_ message: String) -> ConfigurationError {
            ConfigurationError(file: path, line: 0, column: 0, path: "", message: message)
        }
        guard let data else { throw failure("cannot be read") }
        guard data.count <= 1 << 20 else { throw failure("is larger than 1 MiB") }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw failure("is not UTF-8")
        }
        // JSON may be indented with tabs, which YAML does not like; in its strings there are none.
        let config: ServiceConfig = try ConfigurationFile.decode(
            from: text.replacingOccurrences(of: "\t", with: " "), file: path)
        if let problem = config.problem(with: methods) { throw failure(problem) }
        return config
    }
}
