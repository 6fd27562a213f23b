internal import Foundation

/// Reads what a command is given: a file, or standard input.
enum MessageInput {
    /// More is not read.
    static let maximumBytes = 256 << 20

    /// The bytes of a file; of standard input for nil and `-`.
    static func read(_ path: String?) throws -> [UInt8] {
        guard let path, path != "-" else {
            return try bytes(of: .standardInput, named: "standard input")
        }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Failure.input("there is no file '\(path)'")
        }
        if isDirectory.boolValue { throw Failure.input("'\(path)' is a directory, not a file") }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw Failure.input("cannot read '\(path)'")
        }
        defer { try? handle.close() }
        return try bytes(of: handle, named: "'\(path)'")
    }

    private static func bytes(of handle: FileHandle, named name: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty {
                bytes += piece
                if bytes.count > maximumBytes {
                    throw Failure.input("\(name) has over \(maximumBytes >> 20) MiB")
                }
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure.input("cannot read \(name)")
        }
        return bytes
    }

    /// The bytes that hexadecimal digits stand for; white space between them is skipped.
    static func hexadecimal(_ text: [UInt8]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for (offset, byte) in text.enumerated() {
            if byte == 0x20 || (0x09...0x0D).contains(byte) { continue }
            let character = Character(Unicode.Scalar(byte))
            guard byte < 0x80, let digit = character.hexDigitValue else {
                throw Failure.findings("byte \(offset) of the input is not a hexadecimal digit")
            }
            if let first = high {
                bytes.append(first << 4 | UInt8(digit))
                high = nil
            } else {
                high = UInt8(digit)
            }
        }
        guard high == nil else {
            throw Failure.findings("the input has an odd number of hexadecimal digits")
        }
        return bytes
    }

    /// The one-based line and column of a byte.
    static func position(of offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        let before = bytes[..<min(max(offset, 0), bytes.count)]
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let column = String(decoding: before[start...], as: UTF8.self).unicodeScalars.count + 1
        return (line, column)
    }
}

/// Standard output, as bytes.
enum Output {
    static func write(_ bytes: [UInt8]) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(bytes))
        } catch {
            throw Failure.input("cannot write to standard output")
        }
    }

    static func write(_ text: String) throws { try write(Array(text.utf8)) }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }
}
