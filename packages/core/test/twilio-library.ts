/** Twilio's own library, for tests that lie where it is no dependency. */
export { default as twilioLibrary } from 'twilio'
