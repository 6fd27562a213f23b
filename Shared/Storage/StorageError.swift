/// Why a store could not do what it was asked.
public struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// Another process, or another store of this one, has the directory open.
        case locked
        /// Bytes on disk are not what was written.
        case corrupt
        /// The directory was written by a version of the program with another layout.
        case otherVersion
        /// No space is left on the device, or a quota is used up. Reads still work.
        case full
        /// Too much is waiting to be written: try again later.
        case busy
        /// The store was closed.
        case closed
        /// The operation names a family that the store was not opened with.
        case unknownFamily
        /// Anything else the operating system or the library reports.
        case io
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
