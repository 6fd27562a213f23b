internal import RPC

/// Answers what reflection asks, from the descriptors of what a server offers and nothing else.
struct ReflectionIndex: Sendable {
    enum Question {
        case file(named: String)
        case fileDeclaring(String)
        case fileExtending(String, number: Int32)
        case extensionNumbers(of: String)
        case services
        /// The request asked for nothing that we know.
        case none
    }

    enum Answer {
        case files([FileDescriptor])
        case extensionNumbers(of: String)
        case services([String])
        case failure(StatusCode, String)
    }

    private let pool: DescriptorPool
    private let services: [String]

    /// - Parameters:
    ///   - services: full names of the services that are offered.
    ///   - files: descriptors of at least these services; only their files, and what those import,
    ///     are shown.
    init(serving services: [String], files: [FileDescriptor]) {
        self.services = services.sorted()
        let all = DescriptorPool(files)
        let declaring = services.compactMap { all.file(declaring: $0) }
        let shown = Set(declaring.flatMap { all.closure(of: $0).map(\.name) })
        pool = DescriptorPool(files.filter { shown.contains($0.name) })
    }

    /// - Parameter sent: names of the files that this stream has got: of them only the one that is
    ///   asked for is repeated.
    func answer(_ question: Question, sent: inout Set<String>) -> Answer {
        switch question {
        case .file(let name):
            return files(pool.file(named: name), "file", name, &sent)
        case .fileDeclaring(let symbol):
            return files(pool.file(declaring: symbol), "symbol", symbol, &sent)
        case .fileExtending(let type, let number):
            return .failure(.notFound, "no extension \(number) of \(Self.short(type))")
        case .extensionNumbers(let type):
            guard pool.file(declaringMessage: type) != nil else {
                return .failure(.notFound, "no type \(Self.short(type))")
            }
            return .extensionNumbers(of: type)
        case .services: return .services(services)
        case .none:
            return .failure(.invalidArgument, "the request asks for nothing that is known here")
        }
    }

    private func files(
        _ file: FileDescriptor?, _ kind: String, _ name: String, _ sent: inout Set<String>
    ) -> Answer {
        guard let file else { return .failure(.notFound, "no \(kind) \(Self.short(name))") }
        sent.remove(file.name)
        return .files(pool.closure(of: file).filter { sent.insert($0.name).inserted })
    }

    /// A name of the caller's choice, as much of it as a message should repeat.
    private static func short(_ name: String) -> String {
        name.utf8.count <= 200 ? name : "\(name.prefix(200))…"
    }
}
