public import Foundation
public import Wire

/// The schemas that the records of a log were sealed with, as `<fingerprint>.schema` in a folder
/// beside it: a record of last year is read with last year's schema, by whoever has the log.
public struct SchemaArchive: Sendable {
    public let directory: URL

    public init(directory: URL) { self.directory = directory }

    /// Keeps the schema of a type. One that is there already is left as it is; it never changes,
    /// since its name is its hash.
    public func keep<M: SealableMessage>(_ type: M.Type) throws {
        let file = directory.appending(path: "\(M.fingerprint).schema")
        let text = Data(M.schemaText.utf8)
        if FileManager.default.contents(atPath: file.path) == text { return }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try text.write(to: file, options: .atomic)
    }

    /// Copies every schema that is kept to another archive.
    public func copy(to other: SchemaArchive) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        for name in names.sorted() where name.hasSuffix(".schema") {
            let text = try Data(contentsOf: directory.appending(path: name))
            try FileManager.default.createDirectory(
                at: other.directory, withIntermediateDirectories: true)
            try text.write(to: other.directory.appending(path: name), options: .atomic)
        }
    }
}
