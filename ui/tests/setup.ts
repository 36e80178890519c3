import '@testing-library/jest-dom/vitest';

// jsdom has no dialogs that open; the tests only need to know that they did.
HTMLDialogElement.prototype.showModal = function () {
  this.open = true;
};
HTMLDialogElement.prototype.close = function () {
  this.open = false;
};
