internal import Foundation
internal import SchemaCompiler

/// A schema root on disk.
struct SchemaDirectory {
    /// A larger file is refused by the compiler anyway; no more of it is read.
    private static let maximumFileBytes = (1 << 20) + 1

    let path: String

    /// Every `.schema` file below the root, sorted by path.
    func files() throws -> [SourceFile] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Failure.input(
                "there is no schema root '\(path)'; say where it is with --schemas DIR")
        }
        guard isDirectory.boolValue else {
            throw Failure.input("the schema root '\(path)' is a file, not a directory")
        }
        let names: [String]
        do {
            names = try FileManager.default.subpathsOfDirectory(atPath: path)
        } catch {
            throw Failure.input("cannot read the schema root '\(path)': \(reason(error))")
        }
        let schemaNames = names.filter { $0.hasSuffix(".schema") }.sorted()
        if schemaNames.isEmpty { throw Failure.input("no .schema file below '\(path)'") }
        return try schemaNames.map { name in
            SourceFile(path: name, bytes: try Self.bytes(of: "\(path)/\(name)"))
        }
    }

    /// The bytes of one schema file.
    static func bytes(of path: String) throws -> [UInt8] {
        let resolved = URL(filePath: path).resolvingSymlinksInPath().path
        let attributes: [FileAttributeKey: Any]
        do {
            attributes = try FileManager.default.attributesOfItem(atPath: resolved)
        } catch {
            throw Failure.input("cannot read '\(path)': \(SchemaDirectory.reason(error))")
        }
        // A pipe would block for ever.
        guard attributes[.type] as? FileAttributeType == .typeRegular else {
            throw Failure.input("'\(path)' is not a file")
        }
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: resolved))
            defer { try? handle.close() }
            return Array(try handle.read(upToCount: maximumFileBytes) ?? Data())
        } catch {
            throw Failure.input("cannot read '\(path)': \(SchemaDirectory.reason(error))")
        }
    }

    private func reason(_ error: any Error) -> String { Self.reason(error) }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        let cause = underlying ?? error as NSError
        if cause.domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32(cause.code))).lowercased()
        }
        return error.localizedDescription
    }
}
