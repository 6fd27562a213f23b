import Foundation

/// A file that a person named on the command line.
enum NamedFile {
    /// All of it; of a pipe, too.
    ///
    /// - Throws: ``Complaint`` with the path, and why it cannot be read.
    static func bytes(_ path: String) throws -> Data {
        let kind: FileAttributeType?
        do {
            let target = URL(filePath: path).resolvingSymlinksInPath().path
            kind =
                try FileManager.default.attributesOfItem(atPath: target)[.type]
                as? FileAttributeType
        } catch {
            throw Complaint("\(path): there is no such file")
        }
        switch kind {
        case .typeDirectory: throw Complaint("\(path): is a folder; a file is expected")
        case .typeCharacterSpecial, .typeBlockSpecial, .typeSocket:
            throw Complaint("\(path): is a device; a file is expected")
        default: break
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw Complaint("\(path): may not be read")
        }
        defer { try? handle.close() }
        return try handle.readToEnd() ?? Data()
    }
}
