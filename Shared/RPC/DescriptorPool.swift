/// Descriptors of files by name and by what they declare.
public struct DescriptorPool: Sendable {
    public let files: [FileDescriptor]
    /// Positions in `files`.
    private let byName: [String: Int]
    private let bySymbol: [String: Int]

    /// Of two files with one name, or two declarations of one, the first counts.
    public init(_ files: [FileDescriptor]) {
        var byName: [String: Int] = [:]
        var bySymbol: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            byName.merge([file.name: index]) { first, _ in first }
            bySymbol.merge(file.symbols.map { ($0, index) }) { first, _ in first }
        }
        self.files = files
        self.byName = byName
        self.bySymbol = bySymbol
    }

    /// Full names, in the order of the files.
    public var services: [String] { files.flatMap(\.services) }

    public func file(named name: String) -> FileDescriptor? { byName[name].map { files[$0] } }

    /// The file that declares a type, field, oneof, enum value, service or method.
    public func file(declaring fullName: String) -> FileDescriptor? {
        bySymbol[fullName].map { files[$0] }
    }

    /// The file that declares a message type.
    public func file(declaringMessage fullName: String) -> FileDescriptor? {
        file(declaring: fullName).flatMap { $0.messages.contains(fullName) ? $0 : nil }
    }

    /// A file and everything that it needs, nearest first: itself, its imports, theirs.
    public func closure(of file: FileDescriptor) -> [FileDescriptor] {
        var result = [file]
        var seen: Set<String> = [file.name]
        var next = 0
        while next < result.count {
            for name in result[next].dependencies where seen.insert(name).inserted {
                if let dependency = self.file(named: name) { result.append(dependency) }
            }
            next += 1
        }
        return result
    }
}
